//! Work that many nodes may be asked for is done by one of them.

use std::{sync::Arc, time::Duration};

use tokio_util::task::AbortOnDropHandle;

use super::Resources;
use crate::error::Failure;

/// How long a node has work to itself without a sign of life.
const LEASE: Duration = Duration::from_secs(10);

/// How often it gives one.
const RENEW: Duration = Duration::from_secs(3);

/// The first pause between two looks at what another node makes, which doubles, and the longest.
const LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_millis(400);

/// The result of work under this key: of `make`, or what `find` finds once another node that has begun before is done.
///
/// Errors: those of either.
pub(super) async fn once<T, F>(
    resources: &Arc<dyn Resources>,
    key: &str,
    find: impl Fn() -> F,
    make: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    let mut pause = LOOK;
    while !resources.take(key, LEASE).await {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_LOOK);
        if let Some(found) = find().await? {
            return Ok(found);
        }
    }
    let renewing = AbortOnDropHandle::new(tokio::spawn({
        let (resources, key) = (resources.clone(), key.to_owned());
        async move {
            loop {
                tokio::time::sleep(RENEW).await;
                resources.take(&key, LEASE).await;
            }
        }
    }));
    // The other one may have kept its result just before it gave the work up.
    let waited = pause > LOOK;
    let found = if waited { find().await } else { Ok(None) };
    let made = match found {
        Ok(Some(found)) => Ok(found),
        Ok(None) => make.await,
        Err(failure) => Err(failure),
    };
    drop(renewing);
    resources.give(key).await;
    made
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    };

    use super::{super::tests::FakeResources, *};
    use crate::error::Code;

    fn elsewhere(times: u32) -> (Arc<dyn Resources>, Arc<FakeResources>) {
        let fake = Arc::new(FakeResources::elsewhere(times));
        (fake.clone(), fake)
    }

    #[tokio::test]
    async fn what_nobody_makes_is_made_here() {
        let (resources, fake) = elsewhere(0);
        let never = || async { panic!("nobody waited") };
        assert_eq!(once(&resources, "a", never, async { Ok(1) }).await, Ok(1));
        assert_eq!(*fake.given.lock().unwrap(), ["a"]);
    }

    #[tokio::test]
    async fn what_another_node_makes_is_waited_for() {
        let (resources, fake) = elsewhere(u32::MAX);
        let looks = AtomicU32::new(0);
        let find = || async { Ok((looks.fetch_add(1, SeqCst) == 4).then_some(7)) };
        let made = once(&resources, "a", find, async { panic!("it is made elsewhere") }).await;
        assert_eq!(made, Ok(7));
        assert!(fake.given.lock().unwrap().is_empty(), "it is not this node's to give up");
    }

    #[tokio::test]
    async fn what_another_node_gave_up_is_made_here_unless_it_is_there_now() {
        for (there, expected) in [(false, 1), (true, 7)] {
            let (resources, fake) = elsewhere(3);
            let looks = Mutex::new(0);
            let find = || async {
                *looks.lock().unwrap() += 1;
                Ok((there && *looks.lock().unwrap() == 4).then_some(7))
            };
            assert_eq!(once(&resources, "a", find, async { Ok(1) }).await, Ok(expected));
            assert_eq!(*fake.given.lock().unwrap(), ["a"]);
        }
    }

    #[tokio::test]
    async fn a_failure_is_told_and_the_work_given_up() {
        let (resources, fake) = elsewhere(0);
        let failed = async { Err::<u32, _>(Failure::new(Code::Internal, "a bug")) };
        assert_eq!(once(&resources, "a", || async { Ok(None) }, failed).await.unwrap_err().code, Code::Internal);
        assert_eq!(*fake.given.lock().unwrap(), ["a"]);
    }
}
