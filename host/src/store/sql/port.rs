//! The library's side of the port, the same for every adapter.

use async_trait::async_trait;
use uuid::Uuid;

use super::{backend::Backend, lookup, search};
use crate::{
    store::{
        ApiKey, Change, ChunkRow, Column, DerivedQuery, DerivedRow, DocumentQuery, DocumentRow, Error, Filter, Library,
        Page, ResourceKey, ResourceQuery, ResourceRow, Totals, ValueClass, VersionRow,
    },
    webhook::NewDelivery,
};

#[async_trait]
impl<B: Backend> Library for B {
    async fn change(&self, changes: Vec<Change>, owed: Vec<NewDelivery>) -> Result<(), Error> {
        self.write_changes(changes, owed).await
    }

    async fn resource(&self, key: &ResourceKey) -> Result<Option<ResourceRow>, Error> {
        self.told("look the resource up", lookup::resource(&mut *self.reader().await?, key).await)
    }

    async fn resources(&self, account: &str, query: ResourceQuery) -> Result<Page<ResourceRow>, Error> {
        self.told(
            "list the resources",
            search::page(&mut *self.reader().await?, self.cursor_key(), account, query).await,
        )
    }

    async fn count_resources(
        &self,
        account: &str,
        filter: &Filter,
        by: Option<Column>,
    ) -> Result<Vec<(String, u64)>, Error> {
        self.told("count the resources", search::count(&mut *self.reader().await?, account, filter, by).await)
    }

    async fn value_names(
        &self,
        account: &str,
        kind: &str,
        class: ValueClass,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, Error> {
        let found = lookup::value_names(&mut *self.reader().await?, account, kind, class, prefix, after, limit).await;
        self.told("list the values", found)
    }

    async fn derived(
        &self,
        resource: Uuid,
        transformation: &str,
        extension: &str,
    ) -> Result<Option<DerivedRow>, Error> {
        let found = lookup::derived(&mut *self.reader().await?, resource, transformation, extension).await;
        self.told("look the result up", found)
    }

    async fn versions(&self, key: &ResourceKey) -> Result<Vec<VersionRow>, Error> {
        self.told("look the versions up", lookup::versions(&mut *self.reader().await?, key).await)
    }

    async fn versions_of(&self, account: &str, resource: Uuid) -> Result<Vec<VersionRow>, Error> {
        self.told("look the versions up", lookup::versions_of(&mut *self.reader().await?, account, resource).await)
    }

    async fn derived_made(&self, account: &str, key: &str) -> Result<Vec<DerivedRow>, Error> {
        self.told("look the results up", lookup::derived_made(&mut *self.reader().await?, account, key).await)
    }

    async fn derived_by_id(&self, account: &str, id: Uuid) -> Result<Option<DerivedRow>, Error> {
        self.told("look the result up", lookup::derived_by_id(&mut *self.reader().await?, account, id).await)
    }

    async fn derived_list(&self, account: &str, query: DerivedQuery) -> Result<Page<DerivedRow>, Error> {
        let found = lookup::derived_list(&mut *self.reader().await?, self.cursor_key(), account, query).await;
        self.told("list the results", found)
    }

    async fn document(&self, account: &str, class: &str, name: &str) -> Result<Option<DocumentRow>, Error> {
        self.told("look the document up", lookup::document(&mut *self.reader().await?, account, class, name).await)
    }

    async fn documents(&self, account: &str, query: DocumentQuery) -> Result<Page<DocumentRow>, Error> {
        let found = lookup::documents(&mut *self.reader().await?, self.cursor_key(), account, query).await;
        self.told("list the documents", found)
    }

    async fn api_key(&self, key: &str) -> Result<Option<ApiKey>, Error> {
        self.told("look the API key up", lookup::api_key(&mut *self.reader().await?, key).await)
    }

    async fn api_keys(&self, account: &str) -> Result<Vec<ApiKey>, Error> {
        self.told("list the API keys", lookup::api_keys(&mut *self.reader().await?, account).await)
    }

    async fn chunks(&self, account: &str, upload: &str) -> Result<Vec<ChunkRow>, Error> {
        self.told("list the parts", lookup::chunks(&mut *self.reader().await?, account, upload).await)
    }

    async fn totals(&self, account: &str) -> Result<Totals, Error> {
        self.told("count what is stored", lookup::totals(&mut *self.snapshot().await?, account).await)
    }
}
