//! The table of error codes: name, whose fault, worth a retry.
//!
//! Callers match codes, people read messages. Every code that reaches a job result, a problem
//! document or a callback stands here; the dialects turn codes into their own words.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who can mend a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller: the request or the job document.
    Caller,
    /// The source: unreachable, too large, damaged.
    Source,
    /// The plugin's author.
    Plugin,
    /// The operator: a limit, a missing plugin, a full disk.
    Operator,
    /// Us, or the machine: worth a retry.
    Host,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $fault:ident, $status:literal, $retry:literal;)+) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code { $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The name as callers see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)+ }
            }

            /// Who can mend it.
            pub fn fault(self) -> Fault {
                match self { $(Code::$variant => Fault::$fault,)+ }
            }

            /// The HTTP status of a native answer that carries it.
            pub fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)+ }
            }

            /// Whether trying the same work again may end otherwise.
            pub fn is_retryable(self) -> bool {
                match self { $(Code::$variant => $retry,)+ }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

impl Code {
    /// Whether a plugin chose to refuse the call.
    pub fn is_refusal(self) -> bool {
        matches!(self, Code::UnknownTransform | Code::InvalidParams | Code::UnsupportedImage | Code::PluginRefused)
    }
}

codes! {
    /// The request is not well-formed: not JSON, a wrong type, an unknown field, a value out of range.
    InvalidRequest = "invalid_request", Caller, 422, false;
    /// The body is not JSON at all, or not the media type the route takes.
    MalformedBody = "malformed_body", Caller, 400, false;
    /// No or wrong credentials.
    Unauthorized = "unauthorized", Caller, 401, false;
    /// The credentials are right but do not allow this.
    Forbidden = "forbidden", Caller, 403, false;
    /// There is no such job, batch, asset, plugin, delivery or route.
    NotFound = "not_found", Caller, 404, false;
    /// The route exists, not with this method.
    MethodNotAllowed = "method_not_allowed", Caller, 405, false;
    /// What was asked for does not go with the present state.
    Conflict = "conflict", Caller, 409, false;
    /// The idempotency key was used for another body.
    IdempotencyMismatch = "idempotency_mismatch", Caller, 422, false;
    /// The body is over the limit.
    BodyTooLarge = "body_too_large", Caller, 413, false;
    /// The request did not arrive within the time for it.
    RequestTimeout = "request_timeout", Caller, 408, true;
    /// The media type of the body is not one that the route takes.
    UnsupportedMediaType = "unsupported_media_type", Caller, 415, false;
    /// Too many requests, or too many jobs waiting: come back later.
    TooManyRequests = "too_many_requests", Caller, 429, true;
    /// No plugin offers a transform of this name.
    UnknownTransform = "unknown_transform", Caller, 422, false;
    /// A parameter of a step cannot be used.
    InvalidParams = "invalid_params", Caller, 422, false;
    /// The steps and the picture do not go together.
    UnsupportedImage = "unsupported_image", Caller, 422, false;
    /// The source's address may not be reached from here.
    AddressRefused = "address_refused", Caller, 422, false;
    /// The source could not be fetched: no answer, an error status, a broken transfer.
    SourceUnreachable = "source_unreachable", Source, 422, true;
    /// The source answered that it does not have the picture.
    SourceNotFound = "source_not_found", Source, 422, false;
    /// The source is larger, slower or redirects more often than allowed.
    SourceLimit = "source_limit", Source, 422, false;
    /// The bytes are of no format that is read here.
    UnknownFormat = "unknown_format", Source, 422, false;
    /// The bytes begin like a picture but are damaged or cut off.
    CorruptImage = "corrupt_image", Source, 422, false;
    /// The picture uses a feature of its format that is not read here.
    UnsupportedFeature = "unsupported_feature", Source, 422, false;
    /// The picture, or one on the way, is over the limit of pixels, frames or memory.
    ImageLimit = "image_limit", Source, 422, false;
    /// The result cannot be written in the wanted format.
    EncodeFailed = "encode_failed", Caller, 422, false;
    /// The plugin refused for a reason of its own.
    PluginRefused = "plugin_refused", Plugin, 422, false;
    /// The plugin trapped: a bug in it.
    PluginTrapped = "plugin_trapped", Plugin, 422, false;
    /// The plugin broke the contract: a wrong size, a wrong number of pixels, data that is not JSON.
    PluginMisbehaved = "plugin_misbehaved", Plugin, 422, false;
    /// The component does not fit the contract and was not loaded.
    PluginInvalid = "plugin_invalid", Plugin, 422, false;
    /// The plugin is disabled or in quarantine.
    PluginDisabled = "plugin_disabled", Operator, 422, false;
    /// The plugin needs a font, table or model that it was not granted, or that is not there.
    AssetMissing = "asset_missing", Operator, 422, false;
    /// A component, its digest or its signature is not the one that the operator's lock file and keys allow.
    PluginUntrusted = "plugin_untrusted", Operator, 422, false;
    /// The plugin ran past its deadline.
    LimitTime = "limit_time", Operator, 422, false;
    /// The plugin asked for more memory than it may have.
    LimitMemory = "limit_memory", Operator, 422, false;
    /// The plugin used more stack than it may have.
    LimitStack = "limit_stack", Operator, 422, false;
    /// The plugin's result is larger than allowed.
    LimitOutput = "limit_output", Operator, 422, false;
    /// The plugin logged more than it may.
    LimitLog = "limit_log", Operator, 422, false;
    /// A step that this one builds on failed.
    StepFailed = "step_failed", Caller, 422, false;
    /// The place that the result was to be uploaded to did not take it.
    DestinationRefused = "destination_refused", Caller, 422, false;
    /// The place that the result was to be uploaded to could not be reached, or has a problem of its own.
    DestinationFailed = "destination_failed", Caller, 422, true;
    /// The job was cancelled.
    Cancelled = "cancelled", Caller, 409, false;
    /// The job was lost by its workers too often.
    WorkerLost = "worker_lost", Host, 500, false;
    /// The server is stopping or not ready.
    Unavailable = "unavailable", Host, 503, true;
    /// The store or the blob store failed.
    StorageFailed = "storage_failed", Host, 503, true;
    /// Something that should not happen.
    Internal = "internal", Host, 500, true;
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A code with the message that the caller may read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// The stable code.
    pub code: Code,
    /// The attempt and the value, in lower case and without a full stop.
    pub message: String,
}

impl Failure {
    /// Makes a failure.
    pub fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
}

impl From<safelight_codec::Error> for Failure {
    fn from(error: safelight_codec::Error) -> Failure {
        let code = match &error {
            safelight_codec::Error::UnknownFormat { .. } => Code::UnknownFormat,
            safelight_codec::Error::Truncated { .. } | safelight_codec::Error::Corrupt { .. } => Code::CorruptImage,
            safelight_codec::Error::Unsupported { .. } => Code::UnsupportedFeature,
            safelight_codec::Error::Limit { .. } => Code::ImageLimit,
            safelight_codec::Error::TooLarge { .. }
            | safelight_codec::Error::Option { .. }
            | safelight_codec::Error::Encode { .. } => Code::EncodeFailed,
        };
        Failure::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_readme_is_this_one() {
        let readme = include_str!("../README.md");
        let row = |code: &Code| {
            let fault = format!("{:?}", code.fault()).to_lowercase();
            let retried = if code.is_retryable() { "yes" } else { "no" };
            format!("| `{code}` | {fault} | {} | {retried} | {} |", code.status(), code.meaning().trim())
        };
        let expected: Vec<String> = Code::ALL.iter().map(row).collect();
        let table = readme.lines().skip_while(|line| !line.starts_with("| code |")).skip(2);
        let found: Vec<&str> = table.take_while(|line| line.starts_with("| `")).collect();
        assert_eq!(found, expected);
    }
}
