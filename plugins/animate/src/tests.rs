//! Every transform of the plugin, called as the host calls it.

mod fitting;
mod timelines;

use safelight_sdk::{Arrangement, Kind, Refusal, Size, Timeline};

use crate::PLUGIN;

fn timeline(delays_ms: &[u32]) -> Timeline {
    Timeline { delays_ms: delays_ms.to_vec(), loops: 3 }
}

fn arrange(transform: &str, params: &str, delays_ms: &[u32]) -> Result<Arrangement, Refusal> {
    PLUGIN.arrange_with(transform, params, timeline(delays_ms), &[])
}

/// Frame and time of each shot.
fn shots(arrangement: &Arrangement) -> Vec<(u32, u32)> {
    arrangement.shots.iter().map(|shot| (shot.frame, shot.delay_ms)).collect()
}

#[test]
fn every_transform_is_a_timeline_and_keeps_the_size() {
    for info in PLUGIN.describe().transforms {
        assert_eq!(info.kind, Kind::Timeline, "{}", info.name);
        let call = safelight_sdk::raw::safelight::plugin::types::Call {
            transform: info.name.clone(),
            params: "{}".to_owned(),
            images: Vec::new(),
        };
        let planned = PLUGIN.plan(&call, Size::new(7, 5)).expect("a plan");
        assert_eq!(planned.output, Some(Size::new(7, 5)), "{}", info.name);
    }
}
