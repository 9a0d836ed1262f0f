//! Our own API under `/v1`.

pub mod auth;
pub mod callback;
pub mod lower;
mod pictures;
pub mod request;
pub mod response;

/// The name that specs and batches of this dialect hold.
pub const NAME: &str = "native";

pub use callback::Native;

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use crate::{
        clock::from_micros,
        job::{self, Callbacks, Encoding, Group, OutputReport, OutputState, Progress, Report, Spec, State},
        source::Source,
        store::JobRow,
    };

    /// A running job with these outputs.
    pub(crate) fn job_row(outputs: &[(&str, Group)]) -> JobRow {
        let encoding = Encoding { format: Some("jpeg".into()), ..Encoding::default() };
        let output = |(id, group): &(&str, Group)| job::Output {
            id: (*id).into(),
            group: *group,
            steps: Vec::new(),
            encoding: encoding.clone(),
            destination: None,
        };
        let report = |(id, group): &(&str, Group)| OutputReport {
            id: (*id).into(),
            group: *group,
            state: OutputState::Pending,
            token: format!("token-{id}"),
            width: None,
            height: None,
            frames: None,
            format: None,
            bytes: None,
            sha256: None,
            md5: None,
            recipe: None,
            data: Vec::new(),
            steps: Vec::new(),
            error: None,
        };
        JobRow {
            id: Uuid::from_u128(1),
            account: "demo".into(),
            batch: None,
            state: State::Running,
            priority: 0,
            spec: Spec {
                patience: None,
                rendering: Default::default(),
                dialect: super::NAME.into(),
                source: Source::Url { url: "http://a/b".into() },
                outputs: outputs.iter().map(output).collect(),
                open: false,
                callbacks: Callbacks::default(),
                reference: Some("order 1".into()),
                store_as: None,
                intake: Default::default(),
                extra: serde_json::Value::Null,
            },
            report: Report { outputs: outputs.iter().map(report).collect(), ..Report::default() },
            progress: Progress { done: 0, total: outputs.len() as u32 },
            attempt: 1,
            version: 2,
            cancel_requested: false,
            created_at: from_micros(1_000_000),
            started_at: Some(from_micros(2_000_000)),
            finished_at: None,
        }
    }
}
