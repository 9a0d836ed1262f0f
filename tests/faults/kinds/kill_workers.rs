//! Workers are killed in the middle of jobs, one after the other, and started again.

use std::time::Duration;

use tokio::time::sleep;

use super::Fault;
use crate::scene::Scene;

const KILLS: usize = 10;

/// How long a worker lives, and how long it is away.
const LIFE: Duration = Duration::from_secs(2);
const AWAY: Duration = Duration::from_secs(1);

pub(super) async fn inject(scene: &mut Scene) -> Fault {
    for kill in 0..KILLS {
        sleep(LIFE.mul_f32(0.5 + rand::random::<f32>())).await;
        let worker = &mut scene.nodes.workers[kill % 2];
        worker.kill().await;
        sleep(AWAY).await;
        worker.start_again().await;
    }
    Fault::over(vec![format!("{KILLS} kills")])
}
