//! What can go wrong on the way out.

use std::net::IpAddr;

use crate::error::Code;

/// A failed request. Messages never contain the URL, which may carry credentials; they name its host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used: not absolute, another scheme than http and https, no host.
    #[error("the URL {problem}")]
    BadUrl {
        /// What is wrong with it.
        problem: String,
    },
    /// The policy does not let connections go to this address.
    #[error("{} may not be reached from here", place(host, address))]
    AddressRefused {
        /// The host of the URL.
        host: String,
        /// The address it is, or resolved to.
        address: IpAddr,
    },
    /// The name has no address.
    #[error("cannot resolve {host}: {message}")]
    Unresolved {
        /// The host of the URL.
        host: String,
        /// What the resolver said.
        message: String,
    },
    /// No connection came about, or not in time.
    #[error("cannot connect to {host}: {message}")]
    Connect {
        /// The host of the URL.
        host: String,
        /// What the network said.
        message: String,
    },
    /// The handshake failed, or the certificate is not one to trust.
    #[error("no secure connection to {host}: {message}")]
    Tls {
        /// The host of the URL.
        host: String,
        /// What is wrong.
        message: String,
    },
    /// The whole exchange took too long.
    #[error("{host} took longer than {limit_ms} ms")]
    Timeout {
        /// The host of the URL.
        host: String,
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// More redirects than allowed, or a circle of them.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The limit.
        limit: u32,
    },
    /// A redirect without a place to go, or to one that is no http or https URL.
    #[error("{host} redirects to nowhere: {problem}")]
    BadRedirect {
        /// The host that redirects.
        host: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An answer that is no success.
    #[error("{host} answered {status}")]
    Status {
        /// The host of the URL.
        host: String,
        /// The status of the answer.
        status: u16,
    },
    /// More bytes than allowed.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The transfer ended early, or the answer is not HTTP.
    #[error("the answer of {host} broke off: {message}")]
    Broken {
        /// The host of the URL.
        host: String,
        /// What happened.
        message: String,
    },
    /// Where the bytes went to failed.
    #[error("cannot keep what arrives: {message}")]
    Sink {
        /// What happened.
        message: String,
    },
}

impl Error {
    /// What a failed download is in the table of codes.
    pub fn code(&self) -> Code {
        match self {
            Error::BadUrl { .. } => Code::InvalidRequest,
            Error::AddressRefused { .. } => Code::AddressRefused,
            Error::Status { status: 404 | 410, .. } => Code::SourceNotFound,
            Error::TooLarge { .. } | Error::TooManyRedirects { .. } | Error::Timeout { .. } => Code::SourceLimit,
            Error::Sink { .. } => Code::StorageFailed,
            Error::Unresolved { .. }
            | Error::Connect { .. }
            | Error::Tls { .. }
            | Error::BadRedirect { .. }
            | Error::Status { .. }
            | Error::Broken { .. } => Code::SourceUnreachable,
        }
    }
}

/// The host with its address, once if it is written as the address.
fn place(host: &str, address: &IpAddr) -> String {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(literal) if literal == *address => format!("the address {address}"),
        _ => format!("{host} is at {address}, which"),
    }
}
