//! Boxes and what is left of them.

/// Something that the network sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    /// Left, top, right, bottom.
    pub(crate) corners: [f32; 4],
    pub(crate) score: f32,
    pub(crate) class: usize,
}

/// The most candidates that are compared with each other.
const MOST: usize = 3000;

/// Removes those that overlap a better one of their class by more than a share; best first.
pub(crate) fn without_overlaps(mut candidates: Vec<Candidate>, most_overlap: f32) -> Vec<Candidate> {
    // Of equal scores the first one counts: sorting keeps their order.
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(MOST);
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let is_free = |other: &Candidate| other.class != candidate.class || overlap(other, &candidate) <= most_overlap;
        if kept.iter().all(is_free) {
            kept.push(candidate);
        }
    }
    kept
}

/// The area of both over the area of either (intersection over union).
fn overlap(a: &Candidate, b: &Candidate) -> f32 {
    let area = |[left, top, right, bottom]: [f32; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let (a, b) = (a.corners, b.corners);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}
