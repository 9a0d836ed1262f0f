//! An object store whose clock is the one of the test, which takes its time, and which lets a test do something at
//! exactly one moment.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::UNIX_EPOCH,
};

use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture, stream::FuturesUnordered};
use object_store::{
    CopyMode, CopyOptions, ListResult, MultipartUpload, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    memory::InMemory,
};
use tokio::sync::oneshot;

use super::*;

/// Objects in memory. Clones are the same ones.
#[derive(Clone)]
pub(super) struct Stepped {
    state: Arc<State>,
    /// The longest time that an operation takes, before and after it is done.
    slowness: Duration,
    /// For how long it stops at some operations that do not remove anything.
    stall: Duration,
    /// Whether conditional puts are honoured.
    is_conditional: bool,
}

struct State {
    inner: InMemory,
    clock: Clock,
    /// When each object was written.
    written: Mutex<HashMap<Path, SystemTime>>,
    /// Who sleeps until when; the number keeps two of one moment apart.
    sleepers: Mutex<BTreeMap<(SystemTime, u64), oneshot::Sender<()>>>,
    random: AtomicU64,
    hook: Mutex<Option<Hook>>,
}

/// Something that happens before an operation.
struct Hook {
    operation: &'static str,
    /// What the path begins with.
    start: String,
    happens: BoxFuture<'static, ()>,
}

impl Stepped {
    /// One that takes no time.
    pub(super) fn new() -> Stepped {
        let state = State {
            inner: InMemory::new(),
            clock: Clock::stepped(UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
            written: Mutex::default(),
            sleepers: Mutex::default(),
            random: AtomicU64::new(0),
            hook: Mutex::new(None),
        };
        Stepped { state: Arc::new(state), slowness: Duration::ZERO, stall: Duration::ZERO, is_conditional: true }
    }

    /// Blobs in these objects, by the same clock.
    pub(super) fn blobs(&self) -> Blobs {
        Blobs { clock: self.state.clock.clone(), ..Blobs::in_object_store(Arc::new(self.clone())) }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// Waits until the clock has gone so far, which only [`Stepped::run`] lets it.
    pub(super) async fn sleep(&self, time: Duration) {
        let (wake, woken) = oneshot::channel();
        let number = self.state.random.load(Ordering::Relaxed) ^ self.random(u64::MAX);
        self.state.sleepers.lock().unwrap().insert((self.state.clock.now() + time, number), wake);
        woken.await.unwrap();
    }

    /// Runs tasks to their ends. The clock goes on when all of them sleep, to where the first one wakes.
    pub(super) fn run(&self, mut tasks: FuturesUnordered<BoxFuture<'static, ()>>) {
        loop {
            // Once more than there are tasks: the set stops now and then to let others run.
            for _ in 0..=tasks.len() {
                while tasks.next().now_or_never().flatten().is_some() {}
            }
            if tasks.is_empty() {
                return;
            }
            let ((until, _), wake) = self.state.sleepers.lock().unwrap().pop_first().expect("a task waits for nothing");
            self.state.clock.step(until.duration_since(self.state.clock.now()).unwrap_or_default());
            let _ = wake.send(());
        }
    }

    /// The same objects, slowly: an operation takes up to twice `slowness`, and some take `stall`.
    pub(super) fn slow(&self, slowness: Duration, stall: Duration) -> Stepped {
        Stepped { slowness, stall, ..self.clone() }
    }

    /// The same objects, replaced whatever is asked for.
    pub(super) fn unconditional(&self) -> Stepped {
        Stepped { is_conditional: false, ..self.clone() }
    }

    /// Lets something happen right before the next `operation` on a path that begins with `start`.
    pub(super) fn before(
        &self,
        operation: &'static str,
        start: &str,
        happens: impl Future<Output = ()> + Send + 'static,
    ) {
        *self.state.hook.lock().unwrap() = Some(Hook { operation, start: start.to_owned(), happens: happens.boxed() });
    }

    /// A number below `end`.
    pub(super) fn random(&self, end: u64) -> u64 {
        // The mixing function of SplitMix64.
        let step = self.state.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Begins another sequence of numbers.
    pub(super) fn seed(&self, seed: u64) {
        self.state.random.store(seed.wrapping_mul(0x2545_f491_4f6c_dd1d), Ordering::Relaxed);
    }

    pub(super) async fn pause(&self, may_stall: bool) {
        if self.slowness > Duration::ZERO {
            let time = Duration::from_micros(self.random(self.slowness.as_micros() as u64));
            let stall = if may_stall && self.random(20) == 0 { self.stall } else { Duration::ZERO };
            self.sleep(time + stall).await;
        }
    }

    async fn before_step(&self, operation: &str, path: &Path) {
        let hook = {
            let mut hook = self.state.hook.lock().unwrap();
            let is_meant = |hook: &Hook| hook.operation == operation && path.as_ref().starts_with(&hook.start);
            if hook.as_ref().is_some_and(is_meant) { hook.take() } else { None }
        };
        if let Some(hook) = hook {
            hook.happens.await;
        }
        self.pause(operation != "delete").await;
    }

    fn wrote(&self, path: &Path) {
        self.state.written.lock().unwrap().insert(path.clone(), self.state.clock.now());
    }
}

impl State {
    /// The metadata with the time of the test's clock.
    fn dated(&self, mut meta: ObjectMeta) -> ObjectMeta {
        if let Some(at) = self.written.lock().unwrap().get(&meta.location) {
            meta.last_modified = (*at).into();
        }
        meta
    }
}

impl fmt::Debug for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stepped")
    }
}

impl fmt::Display for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stepped")
    }
}

#[async_trait]
impl ObjectStore for Stepped {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        self.before_step("put", location).await;
        if !self.is_conditional {
            options.mode = PutMode::Overwrite;
        }
        let put = self.state.inner.put_opts(location, payload, options).await?;
        self.wrote(location);
        self.pause(true).await;
        Ok(put)
    }

    async fn put_multipart_opts(&self, to: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.state.inner.put_multipart_opts(to, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.before_step(if options.head { "head" } else { "get" }, location).await;
        let found = self.state.inner.get_opts(location, options).await;
        self.pause(true).await;
        found.map(|mut found| {
            found.meta = self.state.dated(found.meta);
            found
        })
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let removed = paths.then(move |path| {
            let store = store.clone();
            async move {
                let path = path?;
                store.before_step("delete", &path).await;
                store.state.inner.delete(&path).await?;
                store.pause(true).await;
                Ok(path)
            }
        });
        removed.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, entries) = (self.clone(), self.state.inner.list(prefix));
        let dated = entries.then(move |meta| {
            let store = store.clone();
            async move {
                let meta = store.state.dated(meta?);
                store.pause(true).await;
                Ok(meta)
            }
        });
        dated.boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.state.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        assert_eq!(options.mode, CopyMode::Overwrite);
        self.before_step("copy", from).await;
        self.state.inner.copy_opts(from, to, options).await?;
        self.wrote(to);
        self.pause(true).await;
        Ok(())
    }
}
