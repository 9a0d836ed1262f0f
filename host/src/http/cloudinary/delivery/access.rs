//! Who may have what: signatures, access tokens, strict transformations.

use std::net::IpAddr;

use axum::http::{HeaderMap, header, request::Parts};

use super::{Access, Cloud, Fetching, Resource, Resources, refusal::Refusal};
use crate::{
    clock::{Clock, micros},
    dialect::cloudinary::{
        signature::{Token, verify_token},
        url::{Address, DeliveryType, token_in_query},
    },
    http::serve::Peer,
};

/// What a request brings to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    /// The address is signed by a secret of the cloud.
    pub(super) signed: bool,
    /// A token of the cloud that is good for this path, client and time.
    pub(super) token: bool,
}

impl Credentials {
    /// Looks for signature and token.
    ///
    /// Errors: a signature that does not fit, even where none is needed; a token that does not, where the cloud has
    /// tokens.
    pub(super) fn of(address: &Address, cloud: &Cloud, head: &Parts, clock: &Clock) -> Result<Credentials, Refusal> {
        let signed = address.signature.is_some();
        // Every secret is tried, so that the time does not tell which one fits.
        let fits = cloud.secrets.iter().fold(false, |fits, secret| fits | address.is_signed(secret, cloud.algorithm));
        if signed && !fits {
            let given = address.signature.as_deref().unwrap_or_default();
            return Err(Refusal::unauthorized(format!("Invalid signature {given}")));
        }
        Ok(Credentials { signed, token: token(cloud, head, clock)? })
    }
}

/// Whether a good token came along.
fn token(cloud: &Cloud, head: &Parts, clock: &Clock) -> Result<bool, Refusal> {
    let Some(key) = &cloud.token_key else { return Ok(false) };
    let text = head.uri.query().and_then(token_in_query).or_else(|| cookie(&head.headers));
    let Some(text) = text else { return Ok(false) };
    let client = head.extensions.get::<Peer>().map_or_else(String::new, |Peer(address)| shown(address.ip()));
    let now = micros(clock.now()) / 1_000_000;
    let checked = Token::parse(&text).and_then(|token| verify_token(&token, key, head.uri.path(), &client, now));
    match checked {
        Ok(()) => Ok(true),
        Err(error) => {
            tracing::debug!(%error, "a token was refused");
            Err(denied())
        }
    }
}

/// IPv4 addresses that come in the form of IPv6 are what clients know.
fn shown(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let mut cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.find_map(|cookies| {
        let mut pairs = cookies.split(';').map(str::trim);
        pairs.find_map(|pair| pair.strip_prefix("__cld_token__=")).map(str::to_owned)
    })
}

fn denied() -> Refusal {
    Refusal::unauthorized("deny or ACL failure")
}

/// Whether a resource may be delivered. Originals of private ones need more, which is asked where they are sent.
pub(super) async fn check(
    resources: &dyn Resources,
    cloud: &Cloud,
    address: &Address,
    resource: &Resource,
    given: Credentials,
) -> Result<(), Refusal> {
    let closed = resource.access == Access::Restricted || address.delivery == DeliveryType::Authenticated;
    if given.signed || given.token {
        return Ok(());
    }
    if closed {
        return Err(denied());
    }
    strict(resources, cloud, address).await
}

/// Whether remote files may be fetched for this request.
pub(super) fn may_fetch(cloud: &Cloud, given: Credentials) -> Result<(), Refusal> {
    match cloud.fetch {
        Fetching::Open => Ok(()),
        Fetching::Signed if given.signed || given.token => Ok(()),
        Fetching::Signed => Err(Refusal::unauthorized("Remote files need a signed address")),
        Fetching::Off => Err(Refusal::unauthorized("Remote files are not fetched")),
    }
}

/// Where transformations are strict, those without a signature have to be allowed.
async fn strict(resources: &dyn Resources, cloud: &Cloud, address: &Address) -> Result<(), Refusal> {
    if !cloud.strict || address.transformation.nodes.is_empty() {
        return Ok(());
    }
    let allowed = resources.allows(&cloud.account, &address.transformation).await;
    match allowed.map_err(|failure| Refusal::store(&failure))? {
        true => Ok(()),
        false => Err(Refusal::unauthorized(format!(
            "Transformation {} is not allowed without a signature",
            address.transformation_text
        ))),
    }
}
