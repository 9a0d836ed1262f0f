//! How much memory a walk will hold, for admission.

use super::{Plan, ROOT, Size};

/// Bytes that walking the plan holds at its peak, on top of the decoded source: results that wait for
/// their children, the guest's copies of what goes in and comes out, and the result on the host's side.
///
/// An estimate from above: pixels count four bytes, and a result whose size is not known ahead
/// counts like its input. `source_bytes` is one decoded frame as it is handed over.
pub fn walk_bytes(plan: &Plan, source_bytes: u64) -> u64 {
    // Results that wait for the eager outputs below them while the main ones are made.
    let mixed = |node: usize| {
        let node = &plan.tree.nodes[node];
        let kept = node.children.iter().filter(|&&child| !plan.tree.nodes[child].main).count();
        node.main && kept > 0
    };
    let mut sizes = vec![source_bytes; plan.nodes.len()];
    let mut waiting = 0u64;
    for node in 1..plan.nodes.len() {
        sizes[node] = plan.nodes[node].size.map_or(sizes[plan.tree.nodes[node].parent], bytes);
        if mixed(node) && plan.nodes[node].alive {
            waiting = waiting.saturating_add(sizes[node].saturating_mul(frames(plan, node)));
        }
    }
    waiting.saturating_add(below(plan, &sizes, ROOT))
}

/// How many frames of a node's result are made.
fn frames(plan: &Plan, node: usize) -> u64 {
    let node = &plan.nodes[node];
    node.timeline.as_ref().filter(|_| node.animated).map_or(1, |timeline| u64::from(timeline.frames()))
}

fn below(plan: &Plan, sizes: &[u64], node: usize) -> u64 {
    // Children stand after parents: from the last to the first, each is known when it is asked for.
    let mut needs = vec![0u64; sizes.len()];
    for at in (node..sizes.len()).rev() {
        let entry = &plan.tree.nodes[at];
        let children = entry.children.iter().filter(|&&child| plan.nodes[child].alive);
        let deepest = children
            .map(|&child| {
                let result = sizes[child].saturating_mul(frames(plan, child));
                // In the guest: what goes in, the result, and as much again to work with.
                let run = sizes[at].saturating_add(sizes[child].saturating_mul(2));
                run.max(needs[child]).saturating_add(result)
            })
            .max();
        needs[at] = deepest.unwrap_or(0);
    }
    needs[node]
}

fn bytes(size: Size) -> u64 {
    u64::from(size.width) * u64::from(size.height) * 4
}
