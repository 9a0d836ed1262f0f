//! Form fields, whatever way arrays are written.

use super::ParamError;

/// The fields of a request in the order received, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(pub Vec<(String, String)>);

impl Form {
    /// The fields of these pairs.
    pub fn new<N: Into<String>, V: Into<String>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a field; none when it is not there or empty. The last one of several.
    pub fn text(&self, field: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(name, _)| name == field);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether the field is there, also empty.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| base_name(name) == field)
    }

    /// The elements of an array: `name[]`, `name[0]` or a repeated `name`. Numbered ones are sorted.
    pub fn list(&self, field: &str) -> Vec<&str> {
        let mut elements: Vec<(usize, &str)> = Vec::new();
        for (name, value) in self.0.iter().filter(|(name, _)| base_name(name) == field) {
            let index = name.strip_suffix(']').and_then(|name| name.rsplit_once('[')?.1.parse().ok());
            elements.push((index.unwrap_or(elements.len()), value));
        }
        elements.sort_by_key(|(index, _)| *index);
        elements.into_iter().map(|(_, value)| value).filter(|value| !value.is_empty()).collect()
    }

    /// The elements of an array, or of a text joined by commas.
    pub fn comma_list(&self, field: &str) -> Vec<&str> {
        let elements = self.list(field).into_iter().flat_map(|value| value.split(','));
        elements.map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// A yes or no: `1`, `0`, `true`, `false`.
    ///
    /// # Errors
    /// For any other value.
    pub fn boolean(&self, field: &'static str) -> Result<Option<bool>, ParamError> {
        let value = self.text(field);
        match value.map(|value| (value, value.to_ascii_lowercase())) {
            None => Ok(None),
            Some((value, lower)) => match lower.as_str() {
                "1" | "true" => Ok(Some(true)),
                "0" | "false" => Ok(Some(false)),
                _ => Err(ParamError::invalid(field, value, "1, 0, true or false")),
            },
        }
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// For any other value.
    pub fn whole(&self, field: &'static str) -> Result<Option<u64>, ParamError> {
        self.text(field)
            .map(|value| value.parse().map_err(|_| ParamError::invalid(field, value, "a whole number")))
            .transpose()
    }
}

/// `tags[]` and `tags[0]` are elements of `tags`.
pub(super) fn base_name(name: &str) -> &str {
    match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((base, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name,
    }
}
