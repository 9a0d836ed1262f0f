//! Names that are made here: of assets without one, from file names, of what is told by them.

use rand::RngExt;

/// Characters of a name that is made up.
const RANDOM_NAME: usize = 20;

/// Characters that make the name of a file unique.
const SUFFIX: usize = 6;

/// Bytes of a name that is taken from a file, at most: room for folders and the suffix is left.
const MAX_STEM: usize = 200;

/// Lower-case letters and digits at random.
fn random(count: usize) -> String {
    const CHARACTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..count).map(|_| char::from(CHARACTERS[random.random_range(0..CHARACTERS.len())])).collect()
}

/// A name for an asset that comes without one.
pub fn made_up() -> String {
    random(RANDOM_NAME)
}

/// A name from a file's: `logo` or, made unique, `logo_a1b2c3`. None when nothing of it can be used.
pub fn from_file(filename: &str, unique: bool) -> Option<String> {
    let cleaned: String = stem(filename)
        .chars()
        .map(|character| if character.is_alphanumeric() || "-_.()".contains(character) { character } else { '_' })
        .collect();
    let cut = &cleaned[..cleaned.floor_char_boundary(MAX_STEM)];
    let name = cut.trim_matches(['_', '.']);
    let suffix = if unique { format!("_{}", random(SUFFIX)) } else { String::new() };
    (!name.is_empty()).then(|| format!("{name}{suffix}"))
}

/// A file's name without its extension.
pub fn stem(filename: &str) -> &str {
    match filename.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => filename,
    }
}

/// A file's extension in lower case, if it has a plain one.
pub fn extension(filename: &str) -> Option<String> {
    let (stem, extension) = filename.rsplit_once('.')?;
    let plain = (1..=16).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (plain && !stem.is_empty()).then(|| extension.to_ascii_lowercase())
}

/// The last part of a path or address, as a file's name; control characters are left out.
pub fn base_name(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|character| !character.is_control()).collect()
}

/// What stands before the last slash of a public id, and what after it.
pub fn split(public_id: &str) -> (&str, &str) {
    public_id.rsplit_once('/').unwrap_or(("", public_id))
}

/// Whether a file of this extension holds video or sound.
pub fn is_video(extension: &str) -> bool {
    const KNOWN: [&str; 26] = [
        "3g2", "3gp", "aac", "aiff", "amr", "avi", "flac", "flv", "m2ts", "m3u8", "m4a", "m4v", "mkv", "mov", "mp3",
        "mp4", "mpd", "mpeg", "mpg", "mts", "mxf", "ogg", "ogv", "opus", "wav", "webm",
    ];
    KNOWN.contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_files_where_they_can() {
        assert_eq!(from_file("My photo (1).tar.gz", false).as_deref(), Some("My_photo_(1).tar"));
        assert_eq!(from_file("\u{fc}ber/<x>.png", false).as_deref(), Some("\u{fc}ber__x"));
        assert_eq!(from_file("???.png", false), None);
        let unique = from_file("logo.png", true).unwrap();
        assert_eq!((unique.len(), &unique[..5]), ("logo_a1b2c3".len(), "logo_"));
        assert_ne!(unique, from_file("logo.png", true).unwrap());
        assert!(from_file(&"\u{fc}".repeat(300), false).unwrap().len() <= MAX_STEM);
        let name = made_up();
        assert!(name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));
    }

    #[test]
    fn parts_of_names_are_told_apart() {
        for (name, stem_of, extension_of) in [
            ("a.png", "a", Some("png")),
            ("a.B.JPG", "a.B", Some("jpg")),
            (".hidden", ".hidden", None),
            ("none", "none", None),
            ("a.b c", "a", None),
        ] {
            assert_eq!((stem(name), extension(name).as_deref()), (stem_of, extension_of), "{name}");
        }
        assert_eq!(base_name("http://h/a/b%20c.png?x=/y#z"), "b%20c.png");
        assert_eq!(base_name("C:\\dir\\a\u{0}.png"), "a.png");
        assert_eq!((split("a/b/c"), split("c")), (("a/b", "c"), ("", "c")));
    }
}
