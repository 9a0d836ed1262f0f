//! The admin API: what an account has, and how it is set up.

mod account;
mod fields;
mod folders;
mod list;
mod presets;
mod remove;
mod resources;
mod search;
mod transformations;
mod triggers;
mod versions;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, Method},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{
    Call,
    caller::{self, Caller},
    reply::{Refusal, json_response},
    upload,
};
use crate::{
    dialect::cloudinary::{answer::Site, params::Form},
    http::{Hour, State},
};

/// Items of a page when none were asked for, and at most.
const PAGE: (u64, u64) = (10, 500);

/// A call of the admin API with its credentials checked and its parameters read.
struct Admin {
    call: Call,
    caller: Caller,
    form: Form,
}

/// Answers a call; the headers tell how many more may be sent.
pub(super) async fn answer(call: Call, path: &[&str], request: Request) -> Result<Response, Refusal> {
    let caller = caller::basic(&call.state, &call.cloud, &call.headers).await?;
    let hour = call.state.rates.hour(&caller.account.key, call.state.clock.now());
    let answer = match call.sent(request).await {
        Ok(sent) => dispatch(&Admin { call, caller, form: sent.form }, path).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = answer.map_or_else(IntoResponse::into_response, |value| json_response(&value));
    add_limits(&mut response, &hour);
    Ok(response)
}

fn add_limits(response: &mut Response, hour: &Hour) {
    let values = [
        ("x-featureratelimit-limit", hour.limit.to_string()),
        ("x-featureratelimit-remaining", hour.remaining.to_string()),
        ("x-featureratelimit-reset", httpdate::fmt_http_date(hour.ends)),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

async fn dispatch(admin: &Admin, path: &[&str]) -> Result<Value, Refusal> {
    let method = match admin.call.method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "?",
    };
    match (method, path) {
        ("GET", ["ping"]) => Ok(account::ping()),
        ("GET", ["config"]) => account::config(admin),
        ("GET", ["usage"]) => account::usage(admin, None).await,
        ("GET", ["usage", date]) => account::usage(admin, Some(date)).await,
        ("GET" | "POST", ["resources", "search"]) => search::resources(admin).await,
        ("GET" | "POST", ["folders", "search"]) => search::folders(admin).await,
        (method, ["resources", rest @ ..]) => resources::dispatch(admin, method, rest).await,
        ("DELETE", ["derived_resources"]) => remove::derived(admin).await,
        ("GET", ["tags", kind]) => list::tags(admin, kind).await,
        (method, ["transformations", rest @ ..]) => transformations::dispatch(admin, method, &rest.join("/")).await,
        (method, ["upload_presets", rest @ ..]) => presets::dispatch(admin, method, &rest.join("/")).await,
        (method, ["folders", rest @ ..]) => folders::dispatch(admin, method, &rest.join("/")).await,
        (method, ["metadata_fields", rest @ ..]) => fields::dispatch(admin, method, rest).await,
        (method, ["triggers", rest @ ..]) => triggers::dispatch(admin, method, rest).await,
        _ => Err(admin.no_route(path)),
    }
}

impl Admin {
    fn state(&self) -> &State {
        &self.call.state
    }

    /// The account's key.
    fn account(&self) -> &str {
        &self.caller.account.key
    }

    fn site(&self) -> Site<'_> {
        upload::site(&self.call.state, &self.caller)
    }

    fn no_route(&self, path: &[&str]) -> Refusal {
        Refusal::new(404, format!("There is no {} {}", self.call.method, path.join("/")))
    }

    /// A parameter that has to be there.
    fn required(&self, field: &str) -> Result<&str, Refusal> {
        self.form.text(field).ok_or_else(|| Refusal::bad(format!("Missing required parameter - {field}")))
    }

    fn flag(&self, field: &'static str) -> Result<bool, Refusal> {
        Ok(self.form.boolean(field)?.unwrap_or(false))
    }

    /// How many items a page has.
    fn page(&self) -> Result<u32, Refusal> {
        let asked = self.form.whole("max_results")?.unwrap_or(PAGE.0);
        if asked == 0 {
            return Err(Refusal::bad("Invalid value for parameter max_results: 0 (expected at least 1)"));
        }
        Ok(asked.min(PAGE.1) as u32)
    }

    fn cursor(&self) -> Option<String> {
        self.form.text("next_cursor").map(str::to_owned)
    }
}

/// Adds the next page's cursor, if there is one.
fn with_cursor(mut answer: Value, next: Option<String>) -> Value {
    if let (Value::Object(answer), Some(next)) = (&mut answer, next) {
        answer.insert("next_cursor".to_owned(), next.into());
    }
    answer
}
