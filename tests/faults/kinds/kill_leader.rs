//! The database leader is killed while commits wait for standbys that do not receive.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Fault;
use crate::scene::Scene;

/// How long the standbys receive nothing before the leader dies.
const STALL: Duration = Duration::from_secs(5);

pub(super) async fn inject(scene: &mut Scene) -> Fault {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let leader = scene.cluster.leader().await;
    scene.cluster.stall(leader);
    sleep(STALL).await;
    let waiting = scene.ask(WAITING).await.remove(0).remove(0);
    scene.cluster.kill(leader);
    let killed = Instant::now();
    scene.cluster.drop_stalled(leader);
    scene.cluster.leader_but(leader).await;
    let took = killed.elapsed().as_secs_f64();
    let note = format!("{waiting} commits waited for standbys, another leader after {took:.1} s");
    Fault { ended: killed, killed: Some(leader), ..Fault::over(vec![note]) }
}
