//! A worker and an API node are cut off from the databases, or from the bucket, for a minute: nothing goes through, and
//! nobody is told.

use std::time::Duration;

use tokio::time::sleep;

use super::Fault;
use crate::{
    scene::Scene,
    support::{Proxy, eventually},
};

const CUT: Duration = Duration::from_secs(60);

/// What was connected before stays silent for ever.
pub(super) async fn inject(scene: &mut Scene) -> Fault {
    scene.nodes.proxies.iter().for_each(Proxy::freeze);
    sleep(CUT).await;
    scene.nodes.proxies.iter().for_each(Proxy::heal);
    let mut healed = Fault::over(Vec::new());
    for (name, node) in [("API node", &scene.nodes.api[1]), ("worker", &scene.nodes.workers[1])] {
        let (ready, ended) = (node.get("/readyz"), healed.ended);
        healed.later.push(tokio::spawn(async move {
            let is_ready = async || {
                let answer = ready.try_clone()?.send().await.ok()?;
                answer.status().is_success().then_some(())
            };
            eventually("the node is ready again", CUT, is_ready).await;
            format!("{name} ready again after {:.1} s", ended.elapsed().as_secs_f64())
        }));
    }
    healed
}
