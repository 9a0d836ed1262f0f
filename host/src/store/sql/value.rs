//! Values of statements, and statements that are put together.

use std::{borrow::Cow, fmt::Write};

use uuid::Uuid;

use super::{Fail, Session};

/// A value of a statement, null included.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) enum Value {
    Id(Option<Uuid>),
    Text(Option<String>),
    Number(Option<i64>),
    Flag(bool),
    Bytes(Vec<u8>),
}

macro_rules! values_from {
    ($($variant:ident: $($type:ty => |$value:ident| $make:expr),+;)+) => {
        $($(impl From<$type> for Value {
            fn from($value: $type) -> Value {
                Value::$variant($make)
            }
        })+)+
    };
}

values_from! {
    Id: Uuid => |value| Some(value), Option<Uuid> => |value| value;
    Text: String => |value| Some(value), &str => |value| Some(value.to_owned()), &String => |value| Some(value.clone()),
        Option<String> => |value| value, &Option<String> => |value| value.clone();
    Number: i64 => |value| Some(value), i32 => |value| Some(value.into()), u32 => |value| Some(value.into()),
        Option<i64> => |value| value, Option<u32> => |value| value.map(i64::from);
}

/// The values of a statement, in their order.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Values(pub(in crate::store) Vec<Value>);

impl Values {
    pub(in crate::store) fn new() -> Values {
        Values::default()
    }

    /// With one more.
    pub(in crate::store) fn with(mut self, value: impl Into<Value>) -> Values {
        self.0.push(value.into());
        self
    }
}

/// A statement that is put together.
pub(in crate::store) struct Query {
    sql: String,
    values: Values,
}

impl Query {
    pub(in crate::store) fn new(sql: impl Into<String>) -> Query {
        Query { sql: sql.into(), values: Values::new() }
    }

    pub(in crate::store) fn push(&mut self, sql: &str) -> &mut Query {
        self.sql.push_str(sql);
        self
    }

    /// Writes the name of a value that goes with it.
    pub(in crate::store) fn bind(&mut self, value: impl Into<Value>) -> &mut Query {
        self.values.0.push(value.into());
        // Writing to a text does not fail.
        let _ = write!(self.sql, "${}", self.values.0.len());
        self
    }

    pub(in crate::store) async fn all<S: Session>(self, session: &mut S) -> Result<Vec<S::Row>, Fail> {
        session.ask(Cow::Owned(self.sql), self.values).await
    }
}
