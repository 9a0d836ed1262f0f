//! Jobs wait until what they plan to use fits into memory together with those that run.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Code, Failure};

/// Memory is handed out in pieces of 1 MiB: a semaphore counts to 2^32 at least, not to 2^64.
const PIECE: u64 = 1 << 20;

/// Memory that jobs share. First come, first served: a large job is not passed for ever by small ones.
#[derive(Debug)]
pub(crate) struct Admission {
    pieces: Arc<Semaphore>,
    total: u32,
}

impl Admission {
    /// This many bytes, rounded down to whole MiB, at least one.
    pub(crate) fn new(bytes: u64) -> Admission {
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize) as u64;
        let total = (bytes / PIECE).clamp(1, most) as u32;
        Admission { pieces: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// Bytes in all.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.total) * PIECE
    }

    /// Waits until `bytes` are free and takes them; they are free again when the permit is dropped.
    ///
    /// Errors: `image_limit` when they never can be.
    pub(crate) async fn acquire(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Failure> {
        let pieces = bytes.div_ceil(PIECE);
        if pieces > u64::from(self.total) {
            return Err(Failure::new(
                Code::ImageLimit,
                format!("the job needs about {pieces} MiB of memory, the limit for all jobs is {} MiB", self.total),
            ));
        }
        let permit = self.pieces.clone().acquire_many_owned(pieces as u32).await;
        permit.map_err(|_| Failure::new(Code::Internal, "admission has ended"))
    }
}

/// Bytes of memory that this process may use: the machine's, or the control group's if that is less.
/// 4 GiB where neither can be read.
pub(crate) fn machine_bytes() -> u64 {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| meminfo_bytes(&text));
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(group).min().unwrap_or(4 << 30)
}

/// `MemTotal` of Linux' `/proc/meminfo`, which is in KiB.
fn meminfo_bytes(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_job_waits_until_it_fits() {
        let admission = Admission::new(10 * PIECE);
        let first = admission.acquire(7 * PIECE).await.unwrap();
        let wait = tokio::time::timeout(Duration::from_millis(20), admission.acquire(4 * PIECE)).await;
        assert!(wait.is_err());
        drop(first);
        let _second = admission.acquire(4 * PIECE).await.unwrap();
        let _third = admission.acquire(6 * PIECE).await.unwrap();
    }

    #[tokio::test]
    async fn a_job_that_can_never_fit_is_refused() {
        let failure = Admission::new(10 * PIECE).acquire(10 * PIECE + 1).await.unwrap_err();
        assert_eq!(failure.code, Code::ImageLimit);
        assert_eq!(failure.message, "the job needs about 11 MiB of memory, the limit for all jobs is 10 MiB");
    }

    #[test]
    fn memory_of_the_machine_is_read() {
        assert_eq!(meminfo_bytes("MemTotal:       16318480 kB\nMemFree: 1 kB\n"), Some(16_318_480 * 1024));
        assert_eq!(meminfo_bytes("nothing"), None);
        assert!(machine_bytes() > 0);
    }
}
