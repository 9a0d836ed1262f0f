//! A web server that pictures are fetched from, with good and bad manners.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::StreamExt;

/// What an address answers.
#[derive(Clone)]
pub(crate) enum Served {
    /// These bytes.
    Bytes(Bytes),
    /// This status and nothing else.
    Status(u16),
    /// A redirect.
    Redirect(String),
    /// These bytes, one every so often: a slow-loris.
    Dripping(Bytes, Duration),
    /// Zeros without an end.
    Endless,
    /// The first half of these bytes, announced as all, then the connection ends.
    CutOff(Bytes),
    /// Status 503 this many times, then the bytes.
    FailsFirst(u32, Bytes),
}

type Table = Arc<Mutex<HashMap<String, (Served, u32)>>>;

/// The server. It ends with the test's runtime.
pub(crate) struct Origin {
    url: String,
    table: Table,
}

impl Origin {
    pub(crate) async fn start() -> Origin {
        let table: Table = Arc::default();
        let router = Router::new().route("/{*path}", axum::routing::get(answer)).with_state(table.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Origin { url, table }
    }

    /// Serves something; the URL it has.
    pub(crate) fn serve(&self, path: &str, served: Served) -> String {
        self.table.lock().unwrap().insert(path.to_owned(), (served, 0));
        format!("{}/{path}", self.url)
    }

    /// Serves bytes; the URL they have.
    pub(crate) fn bytes(&self, path: &str, bytes: impl Into<Bytes>) -> String {
        self.serve(path, Served::Bytes(bytes.into()))
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> u32 {
        self.table.lock().unwrap()[path].1
    }
}

async fn answer(State(table): State<Table>, Path(path): Path<String>) -> Response {
    let (served, asked) = {
        let mut table = table.lock().unwrap();
        let Some(entry) = table.get_mut(&path) else { return StatusCode::NOT_FOUND.into_response() };
        entry.1 += 1;
        entry.clone()
    };
    match served {
        Served::Bytes(bytes) => bytes.into_response(),
        Served::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Served::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Served::Dripping(bytes, pause) => {
            let length = bytes.len();
            let drops = futures_util::stream::iter(0..length).then(move |at| {
                let drop = bytes.slice(at..at + 1);
                async move {
                    tokio::time::sleep(pause).await;
                    Ok::<_, std::convert::Infallible>(drop)
                }
            });
            Body::from_stream(drops).into_response()
        }
        Served::Endless => {
            let zeros = futures_util::stream::repeat_with(|| {
                Ok::<_, std::convert::Infallible>(Bytes::from_static(&[0; 65536]))
            });
            Body::from_stream(zeros).into_response()
        }
        Served::CutOff(bytes) => {
            let half = bytes.slice(..bytes.len() / 2);
            let broken = futures_util::stream::iter([Ok(half), Err(std::io::Error::other("cut off"))]);
            ([(header::CONTENT_LENGTH, bytes.len().to_string())], Body::from_stream(broken)).into_response()
        }
        Served::FailsFirst(times, bytes) => {
            if asked <= times {
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            } else {
                bytes.into_response()
            }
        }
    }
}
