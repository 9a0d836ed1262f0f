//! Copies of everything that a server keeps: [`export`] writes rows and blobs into a folder, [`import`] takes them into an
//! empty store, whichever databases and blob stores the two are.
//!
//! The folder has a file for each table (`tables/NAME.ndjson`: a line with the names of the columns, then a line for each row, in the
//! order of the table's key), the blobs (`blobs/ab/abcd...`), and `manifest.json`, which is written last: how many rows
//! and which SHA-256 each file has, how many blobs and bytes. Rows are those of one moment, so a copy of a server that runs is
//! whole, too; what is accepted later is not in it. The folder holds the accounts' secrets.

mod lines;

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::{io::AsyncReadExt, sync::mpsc};

use crate::{
    blob::{BlobRef, Blobs},
    store::{
        Store,
        moving::{Cell, Kind, Rows, TABLES, Table},
    },
};

/// The layout of the folder.
const FORMAT: u32 = 1;

/// Groups of rows on their way.
const ON_THE_WAY: usize = 4;

/// Rows that are taken in together.
const TOGETHER: usize = 500;

/// Blobs that are copied at the same time.
const COPIES: usize = 8;

/// Bytes of a blob read at a time.
const CHUNK: usize = 1 << 20;

/// The largest blob that is taken in.
const MAX_BLOB: u64 = 5 << 40;

/// Columns of a table, in the order of a file.
type Columns = Vec<(&'static str, Kind)>;

/// What keeps a copy from being made or taken in.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout: 1.
    pub format: u32,
    /// The version of Safelight that wrote it.
    pub version: String,
    /// The tables by name.
    pub tables: BTreeMap<String, Part>,
    /// How many blobs.
    pub blobs: u64,
    /// And how many bytes they are.
    pub blob_bytes: u64,
}

/// A table in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How many rows.
    pub rows: u64,
    /// SHA-256 of the file in lower-case hex.
    pub sha256: String,
}

impl Manifest {
    /// All rows together.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|part| part.rows).sum()
    }
}

/// Copies everything into a folder, which is made, or is empty. What could not be found is told in the log.
///
/// Errors: the folder is in use; the store or the blobs cannot be read; the disk is full.
pub async fn export(store: &Arc<dyn Store>, blobs: &Blobs, into: &Path) -> Result<Manifest, Error> {
    if fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty, expected a new folder", into.display()).into());
    }
    private_folder(into)?;
    private_folder(&into.join("tables"))?;
    let (tables, wanted) = read_tables(store, Some(into), BTreeMap::new()).await?;
    let (count, bytes) = export_blobs(blobs, into, &wanted).await?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, version, tables, blobs: count, blob_bytes: bytes };
    let mut file = fs::File::create(into.join("manifest.json"))?;
    file.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
    file.sync_all()?;
    Ok(manifest)
}

/// Takes a folder into an empty store, in one commit, then reads everything again and compares it. What an older version
/// did not know, tables or columns, is then as in a store that was brought up to date.
///
/// Errors: what [`export`] has not finished or somebody has changed; a store that has accounts; the store or the blobs cannot be
/// written. Nothing was taken in then, but blobs, which the sweeper finds.
pub async fn import(store: &Arc<dyn Store>, blobs: &Blobs, from: &Path) -> Result<Manifest, Error> {
    let path = from.join("manifest.json");
    let text = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))?;
    if manifest.format != FORMAT {
        let (is, version) = (manifest.format, &manifest.version);
        return Err(format!("the copy has format {is}, expected {FORMAT}: it was made by Safelight {version}").into());
    }
    if let Some(name) = manifest.tables.keys().find(|name| Table::named(name).is_none()) {
        let version = &manifest.version;
        return Err(format!("the copy has a table {name}, which this program does not know: use {version}").into());
    }
    if !store.accounts().await?.is_empty() {
        return Err("the store has accounts, expected one that was never served from".into());
    }
    // Blobs first, rows after.
    let (count, bytes) = import_blobs(blobs, from).await?;
    if (count, bytes) != (manifest.blobs, manifest.blob_bytes) {
        let (blobs, all) = (manifest.blobs, manifest.blob_bytes);
        return Err(format!("the copy has {count} blobs of {bytes} bytes, expected {blobs} of {all}").into());
    }
    let (sender, receiver) = mpsc::channel(ON_THE_WAY);
    let reading = tokio::task::spawn_blocking({
        let (from, manifest) = (from.to_owned(), manifest.clone());
        move || {
            let sent = send_tables(&from, &manifest, &sender);
            if let Err(error) = &sent {
                // Whoever takes the rows in has gone, with an error of his own, when this cannot be told.
                let _ = sender.blocking_send(Err(error.to_string()));
            }
            sent
        }
    });
    store.take_in(receiver).await?;
    let columns = reading.await??;
    let (found, _) = read_tables(store, None, columns).await?;
    for (name, part) in &manifest.tables {
        let now = found.get(name);
        if now != Some(part) {
            let rows = now.map_or(0, |now| now.rows);
            return Err(format!(
                "table {name} is another one than in the copy ({rows} rows, expected {}): empty the database and try again",
                part.rows
            )
            .into());
        }
    }
    Ok(manifest)
}

/// Reads all tables, and writes them if there is a folder; answers what they are, and the blobs that rows refer to. Of
/// a table that `only` names, these columns count.
async fn read_tables(
    store: &Arc<dyn Store>,
    into: Option<&Path>,
    only: BTreeMap<&'static str, Columns>,
) -> Result<(BTreeMap<String, Part>, HashSet<String>), Error> {
    let (sender, mut rows) = mpsc::channel::<Rows>(ON_THE_WAY);
    let telling = tokio::spawn({
        let store = store.clone();
        async move { store.tell(sender).await }
    });
    let into = into.map(Path::to_owned);
    let written = tokio::task::spawn_blocking(move || {
        let mut open: BTreeMap<&'static str, TableFile> = BTreeMap::new();
        let mut wanted = HashSet::new();
        while let Some(group) = rows.blocking_recv() {
            let name = group.table.name;
            let file = match open.entry(name) {
                std::collections::btree_map::Entry::Occupied(file) => file.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    let columns = only.get(name).unwrap_or(&group.columns);
                    let at = columns.iter().filter_map(|column| group.columns.iter().position(|is| is == column));
                    place.insert(TableFile::new(group.table, at.collect(), into.as_deref())?)
                }
            };
            let blob = group.columns.iter().position(|column| column.0 == "sha256");
            for row in &group.rows {
                file.write(row)?;
                if let Some(Cell::Text(sha256)) = blob.and_then(|at| row.get(at)) {
                    wanted.insert(sha256.clone());
                }
            }
        }
        let mut parts = BTreeMap::new();
        for (name, file) in open {
            parts.insert(name.to_owned(), file.finish()?);
        }
        Ok::<_, Error>((parts, wanted))
    });
    let written = written.await?;
    telling.await??;
    written
}

/// A table on its way into a file, or only measured.
struct TableFile {
    file: Option<BufWriter<fs::File>>,
    /// Which columns of the table, in which order.
    columns: Vec<usize>,
    hash: Sha256,
    rows: u64,
}

impl TableFile {
    fn new(table: &Table, columns: Vec<usize>, into: Option<&Path>) -> Result<TableFile, Error> {
        let file = into.map(|into| private_file(&path_of(into, table.name))).transpose()?.map(BufWriter::new);
        let names: Vec<&str> = columns.iter().map(|at| table.columns[*at].0).collect();
        let mut file = TableFile { file, columns, hash: Sha256::new(), rows: 0 };
        file.line(&serde_json::to_string(&names)?)?;
        Ok(file)
    }

    fn line(&mut self, line: &str) -> Result<(), Error> {
        self.hash.update(line);
        self.hash.update("\n");
        if let Some(file) = &mut self.file {
            file.write_all(line.as_bytes())?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    fn write(&mut self, row: &[Cell]) -> Result<(), Error> {
        self.rows += 1;
        let line = lines::row(self.columns.iter().filter_map(|at| row.get(*at)));
        self.line(&line)
    }

    fn finish(self) -> Result<Part, Error> {
        if let Some(file) = self.file {
            file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        }
        Ok(Part { rows: self.rows, sha256: hex::encode(self.hash.finalize()) })
    }
}

/// Reads the tables of a folder, checks them, and sends them on; answers which columns they have. Blocks.
fn send_tables(
    from: &Path,
    manifest: &Manifest,
    sender: &mpsc::Sender<Result<Rows, String>>,
) -> Result<BTreeMap<&'static str, Columns>, Error> {
    let mut all = BTreeMap::new();
    for table in TABLES {
        let Some(part) = manifest.tables.get(table.name) else { continue };
        let path = path_of(from, table.name);
        let failed = |problem: String| format!("{}: {problem}", path.display());
        let file = fs::File::open(&path).map_err(|error| failed(error.to_string()))?;
        let (mut hash, mut count) = (Sha256::new(), 0);
        let mut lines = BufReader::new(file).lines().inspect(|line| {
            if let Ok(line) = line {
                hash.update(line);
                hash.update("\n");
            }
        });
        let head = lines.next().ok_or_else(|| failed("is empty".to_owned()))??;
        let columns = lines::columns(table, &head).map_err(failed)?;
        let mut group = Vec::with_capacity(TOGETHER);
        let send = |rows: Vec<Vec<Cell>>| {
            let gone = |_| Error::from("the store takes no more rows");
            sender.blocking_send(Ok(Rows { table, columns: columns.clone(), rows })).map_err(gone)
        };
        for line in lines {
            count += 1;
            group.push(lines::cells(&columns, &line?).map_err(|problem| failed(format!("row {count}: {problem}")))?);
            if group.len() == TOGETHER {
                send(std::mem::replace(&mut group, Vec::with_capacity(TOGETHER)))?;
            }
        }
        send(group)?;
        let found = Part { rows: count, sha256: hex::encode(hash.finalize()) };
        if found != *part {
            let (rows, expected) = (found.rows, part.rows);
            return Err(failed(format!("was changed or is not whole: {rows} rows, expected {expected}")).into());
        }
        all.insert(table.name, columns);
    }
    Ok(all)
}

fn path_of(folder: &Path, table: &str) -> PathBuf {
    folder.join("tables").join(format!("{table}.ndjson"))
}

fn blob_path(folder: &Path, sha256: &str) -> PathBuf {
    folder.join("blobs").join(sha256.get(..2).unwrap_or_default()).join(sha256)
}

/// Copies the blobs that rows refer to; answers how many and how many bytes.
async fn export_blobs(blobs: &Blobs, into: &Path, wanted: &HashSet<String>) -> Result<(u64, u64), Error> {
    private_folder(&into.join("blobs"))?;
    let copies = futures_util::stream::iter(wanted.iter().cloned()).map(|sha256| async move {
        let path = blob_path(into, &sha256);
        private_folder(path.parent().unwrap_or(into))?;
        let mut content = match blobs.stream(&sha256).await {
            Ok((_, content)) => content,
            Err(crate::blob::Error::NotFound { .. }) => {
                tracing::warn!(sha256, "a blob that a row refers to is not there");
                return Ok(None);
            }
            Err(error) => return Err(Error::from(error)),
        };
        let mut file = tokio::fs::File::from_std(private_file(&path)?);
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        while let Some(chunk) = content.next().await {
            let chunk = chunk?;
            bytes += chunk.len() as u64;
            hash.update(&chunk);
            tokio::io::AsyncWriteExt::write_all(&mut file, &chunk).await?;
        }
        file.sync_all().await?;
        let found = hex::encode(hash.finalize());
        if found != sha256 {
            return Err(format!("blob {sha256} is damaged: its bytes have the SHA-256 {found}").into());
        }
        Ok(Some(bytes))
    });
    sum(copies.buffer_unordered(COPIES)).await
}

/// Takes the blobs of a folder in; answers how many and how many bytes.
async fn import_blobs(blobs: &Blobs, from: &Path) -> Result<(u64, u64), Error> {
    let mut paths = Vec::new();
    for folder in fs::read_dir(from.join("blobs"))? {
        for file in fs::read_dir(folder?.path())? {
            paths.push(file?.path());
        }
    }
    let copies = futures_util::stream::iter(paths).map(|path| async move {
        let mut writer = blobs.writer(MAX_BLOB);
        let mut file = tokio::fs::File::open(&path).await?;
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = file.read(&mut chunk).await?;
            if count == 0 {
                break;
            }
            writer.write(&chunk[..count]).await?;
        }
        let BlobRef { sha256, bytes } = writer.finish().await?;
        if path.file_name().is_none_or(|name| name != sha256.as_str()) {
            return Err(format!("{} is damaged: its bytes have the SHA-256 {sha256}", path.display()).into());
        }
        Ok(Some(bytes))
    });
    sum(copies.buffer_unordered(COPIES)).await
}

/// Counts copies, and adds up their bytes; ends with the first that failed.
async fn sum(copies: impl futures_util::Stream<Item = Result<Option<u64>, Error>>) -> Result<(u64, u64), Error> {
    let mut copies = std::pin::pin!(copies);
    let (mut count, mut sum) = (0, 0);
    while let Some(copied) = copies.next().await {
        if let Some(bytes) = copied? {
            count += 1;
            sum += bytes;
        }
    }
    Ok((count, sum))
}

/// A folder that only its owner may look into.
fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new file that only its owner may read.
fn private_file(path: &Path) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
