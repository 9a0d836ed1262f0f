//! Work that many may wait for is done once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Semaphore, watch};

use crate::error::{Code, Failure};

type Outcome<T> = Option<Result<T, Failure>>;

/// What is under way, by key. Bounded: so much is done at the same time, so much more may wait.
#[derive(Debug)]
pub(super) struct Making<T> {
    running: Arc<Mutex<HashMap<String, watch::Receiver<Outcome<T>>>>>,
    /// At the same time.
    slots: Arc<Semaphore>,
    /// With those that wait for a slot.
    places: Arc<Semaphore>,
}

/// Takes the entry away however the work ends.
struct Entry<T> {
    running: Arc<Mutex<HashMap<String, watch::Receiver<Outcome<T>>>>>,
    key: String,
}

impl<T> Drop for Entry<T> {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<T: Clone + Send + Sync + 'static> Making<T> {
    pub(super) fn new(slots: usize, waiting: usize) -> Making<T> {
        Making {
            running: Arc::default(),
            slots: Arc::new(Semaphore::new(slots)),
            places: Arc::new(Semaphore::new(slots + waiting)),
        }
    }

    /// The result of work under this key: of that which is under way, or of this. It goes on when nobody waits for
    /// it any more, so that the next one who asks finds it.
    ///
    /// Errors: those of the work; `unavailable` when too much waits already; `internal` when it panicked.
    pub(super) async fn once<F>(&self, key: &str, work: impl FnOnce() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let mut result = match self.join(key) {
            Some(result) => result,
            None => self.begin(key, work)?,
        };
        let ended = result.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match ended {
            Ok(Some(outcome)) => outcome,
            _ => Err(Failure::new(Code::Internal, "the work broke off")),
        }
    }

    fn join(&self, key: &str) -> Option<watch::Receiver<Outcome<T>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn begin<F>(&self, key: &str, work: impl FnOnce() -> F) -> Result<watch::Receiver<Outcome<T>>, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let place = self.places.clone().try_acquire_owned();
        let place = place.map_err(|_| Failure::new(Code::Unavailable, "too many images are being made, try again"))?;
        let (told, result) = watch::channel(None);
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            // Somebody else may have begun meanwhile.
            if let Some(other) = running.get(key) {
                return Ok(other.clone());
            }
            running.insert(key.to_owned(), result.clone());
        }
        let entry = Entry { running: self.running.clone(), key: key.to_owned() };
        let (slots, work) = (self.slots.clone(), work());
        tokio::spawn(async move {
            let _place = place;
            let _slot = slots.acquire_owned().await;
            let outcome = work.await;
            // Those who come now find what was kept.
            drop(entry);
            told.send_replace(Some(outcome));
        });
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn equal_work_is_done_once() {
        let making = Arc::new(Making::new(2, 2));
        let (go, runs) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
        let ask = || {
            let (making, go, runs) = (making.clone(), go.clone(), runs.clone());
            tokio::spawn(async move {
                making
                    .once("a", || async move {
                        runs.fetch_add(1, Ordering::SeqCst);
                        go.notified().await;
                        Ok(7)
                    })
                    .await
            })
        };
        let asked: Vec<_> = (0..20).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        // One who goes away does not end it.
        asked[0].abort();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        go.notify_one();
        for asked in asked.into_iter().skip(1) {
            assert_eq!(asked.await.unwrap(), Ok(7));
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        // It is not remembered here.
        go.notify_one();
        assert_eq!(ask().await.unwrap(), Ok(7));
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn no_more_than_allowed_waits() {
        let making = Arc::new(Making::<u32>::new(1, 1));
        let never = || std::future::pending::<Result<u32, Failure>>();
        let mut held = Vec::new();
        for key in ["a", "b"] {
            let making = making.clone();
            held.push(tokio::spawn(async move { making.once(key, never).await }));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(making.once("c", never).await.unwrap_err().code, Code::Unavailable);
        held.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn work_that_panics_is_told_and_forgotten() {
        let making = Making::<u32>::new(1, 1);
        let failed = making.once("a", || async { panic!("a bug") }).await;
        assert_eq!(failed.unwrap_err().code, Code::Internal);
        assert_eq!(making.once("a", || async { Ok(1) }).await, Ok(1));
    }
}
