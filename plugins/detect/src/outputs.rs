//! What networks yield, as candidates.

use crate::{boxes::Candidate, description::Layout};

/// A tensor that a network yields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

impl Output {
    /// The lengths but for those of 1 at the front: `1 x 84 x 8400` is 84 x 8400.
    fn inner(&self) -> &[usize] {
        let ones = self.shape.iter().take_while(|&&length| length == 1).count();
        &self.shape[ones.min(self.shape.len().saturating_sub(2))..]
    }

    /// Rows and columns of a table; a list is a table of one column.
    fn table(&self) -> Option<(usize, usize)> {
        match *self.inner() {
            [rows, columns] => Some((rows, columns)),
            [rows] => Some((rows, 1)),
            _ => None,
        }
    }

    fn is_called(&self, words: &[&str]) -> bool {
        let name = self.name.to_lowercase();
        words.iter().any(|word| name.contains(word))
    }
}

/// End-to-end networks yield a few hundred rows; those of YOLOv5 with one class, of as many columns, thousands.
const MOST_END_TO_END: usize = 1000;

/// Reads the outputs in their layout, places in pixels of an input of `size`; those with a lower score than `least`
/// and those with numbers that are none are left out. `labels` is the number of classes, 0 if that is not known.
///
/// Errors, as text: the outputs do not fit the layout.
pub(crate) fn candidates(
    outputs: &[Output],
    layout: Layout,
    labels: usize,
    size: [u32; 2],
    least: f32,
) -> Result<Vec<Candidate>, String> {
    let layout = if layout == Layout::Auto { guessed(outputs, labels)? } else { layout };
    let found = match layout {
        Layout::Auto | Layout::Yolo => {
            rows(outputs, 4, true).map(|rows| rows.iter().map(|row| best(row, 4, 1.0)).collect())
        }
        Layout::YoloObjectness => {
            rows(outputs, 5, false).map(|rows| rows.iter().map(|row| best(row, 5, row[4])).collect())
        }
        Layout::EndToEnd => rows(outputs, 5, false).map(|rows| rows.iter().map(|row| listed(row)).collect()),
        Layout::Ssd => lists(outputs, [1, 0, 3, 2]),
        Layout::Corners => lists(outputs, [0, 1, 2, 3]),
    };
    let mut found: Vec<Candidate> = found?;
    found.retain(|one| one.score >= least && one.corners.iter().all(|value| value.is_finite()));
    let are_shares = found.iter().flat_map(|one| one.corners).all(|value| value.abs() <= 2.0);
    if are_shares {
        for one in &mut found {
            for (index, value) in one.corners.iter_mut().enumerate() {
                *value *= size[index % 2] as f32;
            }
        }
    }
    Ok(found)
}

fn guessed(outputs: &[Output], labels: usize) -> Result<Layout, String> {
    if let [only] = outputs {
        let (rows, columns) = only.table().ok_or_else(|| misfit(outputs, "one table"))?;
        return Ok(match columns {
            6 if rows <= MOST_END_TO_END => Layout::EndToEnd,
            _ if rows < columns => Layout::Yolo,
            _ if labels > 0 && columns == labels + 4 => Layout::Yolo,
            _ => Layout::YoloObjectness,
        });
    }
    // TensorFlow's names, which survive conversion.
    let is_ssd = outputs.iter().any(|output| output.is_called(&["detection_boxes", "num_detections"]));
    Ok(if is_ssd { Layout::Ssd } else { Layout::Corners })
}

/// The rows of the only table, turned if it is wider than high and may be so.
fn rows(outputs: &[Output], least_columns: usize, may_be_turned: bool) -> Result<Vec<Vec<f32>>, String> {
    let expected = format!("a table of more than {least_columns} columns");
    let output = outputs.first().ok_or_else(|| misfit(outputs, &expected))?;
    let (height, width) = output.table().ok_or_else(|| misfit(outputs, &expected))?;
    let turned = may_be_turned && height < width;
    let (rows, columns) = if turned { (width, height) } else { (height, width) };
    if columns <= least_columns {
        return Err(misfit(outputs, &expected));
    }
    let at = |row: usize, column: usize| if turned { column * width + row } else { row * width + column };
    Ok((0..rows).map(|row| (0..columns).map(|column| output.values[at(row, column)]).collect()).collect())
}

/// The best class of a row that starts with middle and size, and has scores from `first` on.
fn best(row: &[f32], first: usize, times: f32) -> Candidate {
    let (class, score) = highest(&row[first..]);
    let (x, y, half_width, half_height) = (row[0], row[1], row[2] / 2.0, row[3] / 2.0);
    Candidate {
        corners: [x - half_width, y - half_height, x + half_width, y + half_height],
        score: score * times,
        class,
    }
}

/// A row of corners, score and class.
fn listed(row: &[f32]) -> Candidate {
    let class = row.get(5).map_or(0, |class| class.max(0.0) as usize);
    Candidate { corners: [row[0], row[1], row[2], row[3]], score: row[4], class }
}

/// The place of the highest value; of equal ones the first. Numbers that are none count for nothing.
fn highest(values: &[f32]) -> (usize, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &value) in values.iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best
}

/// Boxes in one output, scores and classes in others. `order` tells where left, top, right and bottom stand.
fn lists(outputs: &[Output], order: [usize; 4]) -> Result<Vec<Candidate>, String> {
    let expected = "boxes of 4 numbers, and scores for as many";
    let misfit = || misfit(outputs, expected);
    let is_boxes = |output: &&Output| output.table().is_some_and(|(_, columns)| columns == 4);
    let named = outputs.iter().filter(is_boxes).find(|output| output.is_called(&["box"]));
    let boxes = named.or_else(|| outputs.iter().find(is_boxes)).ok_or_else(misfit)?;
    let count = boxes.table().map_or(0, |(rows, _)| rows);
    // A list of scores may lie as a row or as a column.
    let fits = |output: &&Output| {
        !std::ptr::eq(*output, boxes)
            && count > 0
            && output.values.len().is_multiple_of(count)
            && !output.values.is_empty()
    };
    if count == 0 {
        return Ok(Vec::new());
    }
    let others: Vec<&Output> = outputs.iter().filter(fits).collect();
    let by_name = |words: &[&str]| others.iter().find(|output| output.is_called(words)).copied();
    let scores = by_name(&["score", "conf", "prob"]);
    let is_class =
        |output: &&&Output| output.values.len() == count && scores.is_none_or(|scores| !std::ptr::eq(**output, scores));
    let classes = by_name(&["class", "label"]).filter(|output| is_class(&output));
    let scores = scores
        .or_else(|| {
            others.iter().find(|output| classes.is_none_or(|classes| !std::ptr::eq(**output, classes))).copied()
        })
        .ok_or_else(misfit)?;
    let columns = scores.values.len() / count;
    let candidate = |index: usize| {
        let row = &boxes.values[4 * index..4 * index + 4];
        let (class, score) = match classes {
            Some(classes) if columns == 1 => (classes.values[index].max(0.0) as usize, scores.values[index]),
            _ => highest(&scores.values[index * columns..(index + 1) * columns]),
        };
        Candidate { corners: order.map(|place| row[place]), score, class }
    };
    Ok((0..count).map(candidate).collect())
}

fn misfit(outputs: &[Output], expected: &str) -> String {
    let shapes: Vec<String> = outputs.iter().map(|output| format!("{} {:?}", output.name, output.shape)).collect();
    format!("its outputs are {}, expected {expected}", shapes.join(", "))
}
