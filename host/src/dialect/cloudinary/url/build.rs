//! The addresses that answers name.

use super::{super::escape, Address, DeliveryType, ResourceType};

/// What an address is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Whose asset.
    pub cloud: &'a str,
    /// Of which kind.
    pub resource_type: ResourceType,
    /// Delivered how.
    pub delivery: &'a DeliveryType,
    /// The signature, if it needs one.
    pub signature: Option<&'a str>,
    /// The transformation as asked, or nothing.
    pub transformation: &'a str,
    /// The asset's version.
    pub version: Option<u64>,
    /// The id, not escaped. For raw files with its extension.
    pub public_id: &'a str,
    /// The extension, if it has one.
    pub extension: Option<&'a str>,
}

impl Parts<'_> {
    /// Id and extension, escaped: what a signature is over.
    pub fn signed_id(&self) -> String {
        let id = escape::encode(self.public_id, escape::stays_in_path);
        match self.extension {
            Some(extension) => format!("{id}.{extension}"),
            None => id,
        }
    }

    /// The path, as the SDKs write it: `/{cloud}/{resource type}/{type}/[s--SIG--/][transformation/][v123/]{id}[.ext]`.
    pub fn path(&self) -> String {
        let mut path = format!("/{}/{}/{}", self.cloud, self.resource_type.word(), self.delivery.word());
        if let Some(signature) = self.signature {
            path.push_str(&format!("/s--{signature}--"));
        }
        if !self.transformation.is_empty() {
            path.push('/');
            // Whatever cannot stand in an address is escaped; escapes stay as they are.
            let stays = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>?\\^`{|}".contains(&byte);
            path.push_str(&escape::encode(self.transformation, stays));
        }
        if let Some(version) = self.version {
            path.push_str(&format!("/v{version}"));
        }
        path.push('/');
        path.push_str(&self.signed_id());
        path
    }
}

impl Address {
    /// The plain form of this address, whatever form it came in.
    pub fn path(&self) -> String {
        let parts = Parts {
            cloud: &self.cloud,
            resource_type: self.resource_type,
            delivery: &self.delivery,
            signature: self.signature.as_deref(),
            transformation: &self.transformation_text,
            version: self.version,
            public_id: &self.public_id,
            extension: self.extension.map(|extension| extension.name()),
        };
        parts.path()
    }
}
