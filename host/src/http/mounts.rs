//! Dialects that have a host name of their own: their requests get the dialect's prefix.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{Uri, header, uri::PathAndQuery},
    middleware::{self, Next},
};

use crate::dialect::Mount;

/// Hosts in lower case with their prefixes.
type Hosts = Arc<Vec<(String, String)>>;

/// Adds a dialect's routes below its prefix.
pub(super) fn below<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    mount: &Mount,
    dialect: Router<S>,
) -> Router<S> {
    if mount.prefix.is_empty() { routes.merge(dialect) } else { routes.nest(&mount.prefix, dialect) }
}

/// The routes, also reached by the host names of the mounts.
pub(super) fn by_host(routes: Router, mounts: &[&Mount]) -> Router {
    let with_host = mounts.iter().filter(|mount| !mount.host.is_empty());
    let hosts: Vec<_> = with_host.map(|mount| (mount.host.to_ascii_lowercase(), mount.prefix.clone())).collect();
    if hosts.is_empty() {
        return routes;
    }
    let hosts: Hosts = Arc::new(hosts);
    // What surrounds a fallback comes before the routes behind it are looked up.
    Router::new().fallback_service(routes).layer(middleware::from_fn(move |mut request: Request, next: Next| {
        if let Some(uri) = with_prefix(&request, &hosts) {
            *request.uri_mut() = uri;
        }
        next.run(request)
    }))
}

/// The request's address behind the prefix of its host; none when the host is nobody's.
fn with_prefix(request: &Request, hosts: &Hosts) -> Option<Uri> {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()))?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let (_, prefix) = hosts.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(format!("{prefix}{path}").parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_the_requests_of_the_host_get_the_prefix() {
        let hosts: Hosts = Arc::new(vec![("api.blurb.test".into(), "/blurb".into())]);
        let moved = |uri: &str, host: &str| {
            let request = Request::builder().uri(uri).header("host", host).body(Body::empty()).unwrap();
            with_prefix(&request, &hosts).map(|uri| uri.to_string())
        };
        assert_eq!(moved("/v1/batches?a=1", "api.blurb.test:8080").as_deref(), Some("/blurb/v1/batches?a=1"));
        assert_eq!(moved("/v1/batches", "API.blurb.test").as_deref(), Some("/blurb/v1/batches"));
        assert_eq!(moved("/v1/batches", "localhost:8080"), None);
    }
}
