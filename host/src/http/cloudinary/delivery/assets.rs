//! The assets of the native API as resources: public images, `/{account}/image/upload/{asset id}`.
//!
//! What is derived of them is remembered in memory only, and made again after a restart.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{Access, Cloud, Derivation, Derived, Fetching, Resource, ResourceId, Resources};
use crate::{
    dialect::cloudinary::{
        geometry::Size,
        lower::TextStyle,
        signature::Algorithm,
        transformation::Transformation,
        url::{DeliveryType, ResourceType},
    },
    error::{Code, Failure},
    store::{self, AssetRow, Store},
};

/// Derived images that are remembered.
const REMEMBERED: usize = 10_000;

/// Formats that may have several pages or frames, which are not counted when they are stored.
const COUNTED: [&str; 6] = ["gif", "webp", "png", "avif", "tiff", "pdf"];

/// Accounts as clouds, their assets as resources.
pub struct AssetResources {
    store: Arc<dyn Store>,
    fetch: Fetching,
    derived: Recent<(String, String), Derived>,
}

impl AssetResources {
    /// The assets of this store.
    pub fn new(store: Arc<dyn Store>, fetch: Fetching) -> AssetResources {
        AssetResources { store, fetch, derived: Recent::new(REMEMBERED) }
    }
}

fn failed(error: store::Error) -> Failure {
    Failure::new(Code::StorageFailed, error.to_string())
}

#[async_trait]
impl Resources for AssetResources {
    async fn cloud(&self, name: &str) -> Result<Option<Cloud>, Failure> {
        let account = self.store.account(name).await.map_err(failed)?;
        Ok(account.map(|account| Cloud {
            account: account.key,
            secrets: vec![account.secret],
            algorithm: Algorithm::Sha1,
            strict: false,
            token_key: None,
            fetch: self.fetch,
        }))
    }

    async fn find(&self, account: &str, id: &ResourceId) -> Result<Option<Resource>, Failure> {
        if id.kind == ResourceType::Image && id.delivery == DeliveryType::Upload {
            let row = self.store.asset(account, &id.public_id).await.map_err(failed)?;
            return Ok(row.map(resource));
        }
        Ok(None)
    }

    async fn named(&self, _: &str, _: &str) -> Result<Option<Transformation>, Failure> {
        Ok(None)
    }

    async fn style(&self, _: &str, _: &str) -> Result<Option<TextStyle>, Failure> {
        Ok(None)
    }

    async fn allows(&self, _: &str, _: &Transformation) -> Result<bool, Failure> {
        Ok(true)
    }

    async fn derived(&self, account: &str, derivation: &Derivation) -> Result<Option<Derived>, Failure> {
        Ok(self.derived.get(&(account.to_owned(), derivation.key.clone())))
    }

    async fn keep_derived(&self, account: &str, derivation: &Derivation, derived: &Derived) -> Result<(), Failure> {
        self.derived.insert((account.to_owned(), derivation.key.clone()), derived.clone());
        Ok(())
    }

    async fn keep_fetched(&self, _: &str, _: &ResourceId, resource: Resource) -> Result<Resource, Failure> {
        Ok(resource)
    }
}

fn resource(row: AssetRow) -> Resource {
    let counted = !COUNTED.contains(&row.format.as_str());
    Resource {
        row: None,
        // MD5 is not kept of assets; the tag only has to change with the bytes.
        etag: row.sha256.chars().take(32).collect(),
        sha256: row.sha256,
        bytes: row.bytes,
        size: Some(Size::new(row.width, row.height)),
        frames: counted.then_some(1),
        format: row.format,
        modified: row.created_at,
        tags: Vec::new(),
        context: Default::default(),
        metadata: Default::default(),
        faces: Vec::new(),
        custom: Vec::new(),
        access: Access::ByType,
    }
}

/// So many entries; the oldest one makes room.
struct Recent<K, V> {
    most: usize,
    entries: Mutex<(HashMap<K, V>, VecDeque<K>)>,
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    fn new(most: usize) -> Recent<K, V> {
        Recent { most, entries: Mutex::default() }
    }

    fn get(&self, key: &K) -> Option<V> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).0.get(key).cloned()
    }

    fn insert(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *entries;
        if known.insert(key.clone(), value).is_none() {
            order.push_back(key);
        }
        if order.len() > self.most
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_makes_room() {
        let recent = Recent::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            recent.insert(key, value);
        }
        assert_eq!(["a", "b", "c"].map(|key| recent.get(&key)), [None, Some(2), Some(4)]);
    }
}
