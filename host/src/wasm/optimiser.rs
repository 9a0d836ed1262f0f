//! Compiles with all optimisations, in the background, what was compiled quickly to be of use at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, PoisonError, Weak, mpsc},
    time::Instant,
};

use super::{Error, host::Host, plugin::Plugin};
use crate::error::{Code, Failure};

/// One thread that works off a queue of plugins, smallest first among those that come together.
pub(super) struct Optimiser {
    queue: mpsc::Sender<Weak<Plugin>>,
    waiting: Arc<Waiting>,
}

/// How many plugins are in the queue or at work.
#[derive(Default)]
struct Waiting {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Waiting {
    fn change(&self, change: impl FnOnce(&mut usize)) {
        change(&mut self.count.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }
}

impl Optimiser {
    /// Starts the thread. It ends when this value is dropped and the plugin that it is at is done.
    pub(super) fn start(host: Arc<Host>) -> Result<Optimiser, Error> {
        let (queue, plugins) = mpsc::channel::<Weak<Plugin>>();
        let waiting = Arc::new(Waiting::default());
        let done = waiting.clone();
        let work = move || {
            for plugin in plugins {
                // A plugin that was replaced meanwhile is nobody's.
                if let Some(plugin) = plugin.upgrade() {
                    optimise(&host, &plugin);
                }
                done.change(|count| *count -= 1);
            }
        };
        std::thread::Builder::new()
            .name("wasm-optimise".to_owned())
            .spawn(work)
            .map_err(|error| Error::Engine(format!("cannot start the thread that compiles: {error}")))?;
        Ok(Optimiser { queue, waiting })
    }

    /// Has the plugins compiled that need it. One that is added twice is compiled once.
    pub(super) fn add(&self, plugins: &[Arc<Plugin>]) {
        let mut plugins: Vec<_> = plugins.iter().filter(|plugin| plugin.is_unoptimised()).collect();
        plugins.sort_by_key(|plugin| plugin.bytes);
        for plugin in plugins {
            self.waiting.change(|count| *count += 1);
            if self.queue.send(Arc::downgrade(plugin)).is_err() {
                // The thread is gone; what was compiled quickly goes on serving.
                self.waiting.change(|count| *count -= 1);
            }
        }
    }

    /// How many plugins are still to be compiled.
    pub(super) fn waiting(&self) -> usize {
        *self.waiting.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until none is.
    pub(super) fn settle(&self) {
        let count = self.waiting.count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.waiting.changed.wait_while(count, |count| *count > 0).unwrap_or_else(PoisonError::into_inner));
    }
}

fn optimise(host: &Host, plugin: &Plugin) {
    let started = Instant::now();
    // A panic of the compiler must not end the thread: others wait for what is behind it in the queue.
    let done = catch_unwind(AssertUnwindSafe(|| plugin.optimise(host)));
    match done.unwrap_or_else(|_| Err(Failure::new(Code::Internal, "the compiler panicked"))) {
        Ok(()) => {
            let ms = started.elapsed().as_millis();
            tracing::debug!(plugin = %plugin.info.name, ms, "plugin compiled with all optimisations");
        }
        Err(failure) => {
            tracing::error!(plugin = %plugin.info.name, "plugin stays with slower code: {}", failure.message);
        }
    }
}
