//! Enums whose values are words of the language.

use std::fmt;

/// Declares an enum of words with `from_word`, `word`, `ALL` and `Display`.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The value that a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The word of the language.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl $crate::dialect::cloudinary::transformation::words::Word for $name {
            fn read(word: &str) -> Option<Self> {
                Self::from_word(word)
            }

            fn list() -> Vec<&'static str> {
                Self::ALL.iter().map(|value| value.word()).collect()
            }
        }
    };
}

pub(super) use words;

use super::Expected;

/// An enum of words.
pub(super) trait Word: Sized {
    /// The value that a word stands for.
    fn read(word: &str) -> Option<Self>;
    /// All words.
    fn list() -> Vec<&'static str>;
}

/// Reads one word of an enum, or says which there are.
pub(super) fn word<T: Word>(text: &str) -> Result<T, Expected> {
    T::read(text).ok_or_else(|| Expected::new(format!("one of {}", T::list().join(", "))))
}

/// Prints values with a separator between them.
pub(super) fn join<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
