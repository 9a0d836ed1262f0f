//! The clocks of a worker and of an API node jump an hour ahead, then an hour back.

use std::time::Duration;

use tokio::time::sleep;

use super::Fault;
use crate::scene::Scene;

/// How long the clocks stay off, each time.
const OFF: Duration = Duration::from_secs(20);

pub(super) async fn inject(scene: &mut Scene) -> Fault {
    for shift in ["+1h", "-1h"] {
        scene.nodes.shift_clock(shift);
        sleep(OFF).await;
    }
    scene.nodes.shift_clock("+0");
    Fault::over(Vec::new())
}
