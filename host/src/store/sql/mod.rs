//! What the adapters have in common: statements that both databases read alike, and rows as the port's types.
//!
//! Statements name their values `$1`, `$2` and so on. An adapter runs them on a [`Session`], which also
//! says the few words in which the dialects differ.

pub(super) mod accounts;
pub(super) mod assets;
pub(super) mod backend;
pub(super) mod breaker;
pub(super) mod fail;
pub(super) mod library;
mod lookup;
pub(super) mod moving;
mod nodes;
pub(super) mod plugins;
mod port;
pub(super) mod read;
pub(super) mod rows;
pub(super) mod rules;
pub(super) mod schema;
mod search;
mod value;

use std::borrow::Cow;

use futures_util::future::BoxFuture;

pub(super) use fail::Fail;
pub(super) use rows::Fields;
pub(super) use value::{Query, Value, Values};

use super::{Submission, Submitted};

/// A connection that statements run on.
pub(super) trait Session: Send {
    /// A row of an answer.
    type Row: Fields;

    /// The id of a resource `r` in hex.
    const HEX_ID: &'static str;
    /// What stands before and in the name of a member of a batch's `extra`.
    const MEMBER: (&'static str, &'static str);
    /// The test for a batch that was not announced yet.
    const UNANNOUNCED: &'static str;
    /// What makes a derived result one of a kind.
    const DERIVED_NAME: &'static str;
    /// Keeps the row that a new one belongs to from being deleted meanwhile.
    const KEEP_PARENT: &'static str;

    /// What brings the tables that are kept beside in step, once all others were taken in.
    const AFTER_MOVING: &'static [&'static str];

    /// Tests that a text, which may be long, is this, in a way that an index serves.
    fn push_is(query: &mut Query, column: &str, text: &str) {
        query.push(column).push(" = ").bind(text);
    }

    /// Runs a statement and answers its rows.
    fn run(&mut self, sql: Cow<'static, str>, values: Values) -> BoxFuture<'_, Result<Vec<Self::Row>, Fail>>;

    /// The same with a statement that is put together or not.
    fn ask(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        values: Values,
    ) -> BoxFuture<'_, Result<Vec<Self::Row>, Fail>> {
        self.run(sql.into(), values)
    }
}

/// A transaction whose time stands still.
pub(super) trait Timed: Session {
    /// Microseconds since the Unix epoch.
    fn now(&self) -> i64;
}

/// A transaction that can accept jobs.
pub(super) trait Accept: Session {
    /// Writes a submission down.
    fn submit<'a>(&'a mut self, submission: &'a Submission) -> BoxFuture<'a, Result<Submitted, Fail>>;
}
