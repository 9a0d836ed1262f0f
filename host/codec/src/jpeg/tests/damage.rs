//! Files that are cut, changed or made to waste time. None may panic; the harness would report that.

use super::*;
use std::time::{Duration, Instant};

fn small(progressive: bool, restart_interval: u16) -> Vec<u8> {
    encode(&Recipe { width: 40, height: 33, progressive, restart_interval, ..RECIPE })
}

/// A cut file is never taken for a whole one, and the error says that it is cut.
#[test]
fn a_file_cut_anywhere_is_truncated() {
    for (progressive, restart_interval) in [(false, 0), (false, 2), (true, 0), (true, 2)] {
        let file = small(progressive, restart_interval);
        let whole = full(&file);
        for length in 0..file.len() {
            match decode(&file[..length], Scale::Full, MEMORY) {
                Err(Error::Truncated { offset, .. }) => assert!(offset <= length),
                // Without the end marker, and without the padding and the last code that happens to be all zeros.
                Ok(picture) => assert!(length + 4 >= file.len() && picture == whole, "{length} of {}", file.len()),
                Err(error) => panic!("{length} of {}: {error}", file.len()),
            }
        }
    }
}

#[test]
fn damaged_files_give_a_result_in_bounded_time() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let (mut good, mut bad) = (0, 0);
    for (progressive, restart_interval) in [(false, 0), (false, 2), (true, 0), (true, 2)] {
        let file = small(progressive, restart_interval);
        for round in 0..2000 {
            let mut damaged = file.clone();
            for _ in 0..1 + random() % 3 {
                let at = random() % file.len();
                damaged[at] = match random() % 3 {
                    0 => 0xFF,
                    1 => damaged[at] ^ 1 << (random() % 8),
                    _ => random() as u8,
                };
            }
            let start = Instant::now();
            let result = decode(&damaged, SCALES[round % 4], MEMORY);
            assert!(start.elapsed() < Duration::from_secs(5), "{result:?}");
            match result {
                Ok(_) => good += 1,
                Err(_) => bad += 1,
            }
        }
    }
    assert!(good > 100 && bad > 100, "{good} {bad}");
}

/// Bits that are all ones are no code of any table. Every FF has its stuffed zero.
fn fill_with_ones(data: &mut [u8]) {
    for pair in data.chunks_exact_mut(2) {
        pair.copy_from_slice(&[0xFF, 0]);
    }
}

/// The positions of the restart markers of a file.
fn restart_markers(file: &[u8]) -> Vec<usize> {
    (0..file.len() - 1).filter(|&at| file[at] == 0xFF && (0xD0..=0xD7).contains(&file[at + 1])).collect()
}

/// Counts the rows of MCUs in which two pictures differ.
fn rows_that_differ(a: &Decoded, b: &Decoded) -> usize {
    let bytes = a.width as usize * 3 * 16;
    a.pixels.chunks(bytes).zip(b.pixels.chunks(bytes)).filter(|(a, b)| a != b).count()
}

#[test]
fn decoding_goes_on_behind_a_damaged_restart_interval() {
    // One interval is one row of MCUs: 7 of 16 pixels each.
    let file = encode(&Recipe { height: 160, restart_interval: 7, ..RECIPE });
    let whole = full(&file);
    let markers = restart_markers(&file);
    assert_eq!(markers.len(), 9);

    let mut wrong = file.clone();
    fill_with_ones(&mut wrong[markers[3] + 3..markers[3] + 40]);
    let missing = [&file[..markers[3]], &file[markers[4]..]].concat();
    let doubled = [&file[..markers[4]], &file[markers[3]..]].concat();
    for (name, damaged) in [("wrong", wrong), ("missing", missing), ("doubled", doubled)] {
        let picture = full(&damaged);
        assert!(picture.truncated, "{name}");
        // The damaged row, and a line of each neighbour, whose chroma is interpolated with it.
        assert!(rows_that_differ(&picture, &whole) <= 3, "{name}");
    }
}

#[test]
fn a_wrong_code_is_corrupt_and_says_where() {
    let mut file = encode(&RECIPE);
    let middle = file.len() / 2;
    fill_with_ones(&mut file[middle..middle + 30]);
    match decode(&file, Scale::Full, MEMORY) {
        Err(Error::Corrupt { offset, .. }) => {
            assert!((middle..middle + 60).contains(&offset), "{offset}, not {middle}")
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn what_is_not_a_jpeg_is_told_apart() {
    assert_eq!(decode(b"\x89PNG\r\n", Scale::Full, MEMORY), Err(Error::NotJpeg));
    assert_eq!(read_header(b"GIF89a"), Err(Error::NotJpeg));
    assert!(matches!(read_header(b""), Err(Error::Truncated { .. })));
    assert!(matches!(read_header(b"\xFF\xD8\xFF\xD9"), Err(Error::Corrupt { .. })));
}

/// A large progressive picture whose scans say nothing, thousands of times.
#[test]
fn a_file_of_thousands_of_scans_is_refused() {
    let file = encode(&Recipe { own_tables: true, ..RECIPE });
    let scan = segments(&file).last().expect("there is a scan").1;
    let end = file.len() - 2;
    let mut bomb = file[..end].to_vec();
    for _ in 0..5000 {
        bomb.extend_from_slice(&file[scan..end]);
    }
    bomb.extend([0xFF, 0xD9]);
    let start = Instant::now();
    let error = decode(&bomb, Scale::Full, MEMORY);
    assert!(matches!(&error, Err(Error::Corrupt { what, .. }) if what.contains("scans")), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_progressive_scan_out_of_order_is_corrupt() {
    let file = encode(&Recipe { progressive: true, ..RECIPE });
    let scan = segments(&file).last().expect("there is a scan").1;
    // The first scan once more, although its coefficients are there already.
    let second = (scan + 2..file.len()).find(|&at| file[at] == 0xFF && !matches!(file[at + 1], 0)).expect("more scans");
    let repeated = [&file[..second], &file[scan..]].concat();
    let error = decode(&repeated, Scale::Full, MEMORY);
    assert!(matches!(&error, Err(Error::Corrupt { what, .. }) if what.contains("continue")), "{error:?}");
}
