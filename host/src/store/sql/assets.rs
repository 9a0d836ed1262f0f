//! Assets.

use super::{
    Fail, Session, Values,
    rows::{self, at},
};
use crate::store::AssetRow;

pub(in crate::store) async fn put<S: Session>(session: &mut S, asset: &AssetRow) -> Result<(), Fail> {
    const PUT: &str = "INSERT INTO assets (account, id, sha256, bytes, format, width, height, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account, id) DO UPDATE SET sha256 = excluded.sha256, \
         bytes = excluded.bytes, format = excluded.format, width = excluded.width, height = excluded.height, \
         created_at = excluded.created_at";
    let values = Values::new()
        .with(&asset.account)
        .with(&asset.id)
        .with(&asset.sha256)
        .with(asset.bytes as i64)
        .with(&asset.format)
        .with(asset.width)
        .with(asset.height)
        .with(at(asset.created_at));
    session.ask(PUT, values).await?;
    Ok(())
}

pub(in crate::store) async fn one<S: Session>(
    session: &mut S,
    account: &str,
    id: &str,
) -> Result<Option<AssetRow>, Fail> {
    const ONE: &str = "SELECT * FROM assets WHERE account = $1 AND id = $2";
    session.ask(ONE, Values::new().with(account).with(id)).await?.first().map(rows::asset).transpose()
}

pub(in crate::store) async fn delete<S: Session>(session: &mut S, account: &str, id: &str) -> Result<bool, Fail> {
    const DELETE: &str = "DELETE FROM assets WHERE account = $1 AND id = $2 RETURNING id";
    Ok(!session.ask(DELETE, Values::new().with(account).with(id)).await?.is_empty())
}
