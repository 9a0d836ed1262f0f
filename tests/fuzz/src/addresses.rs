//! Delivery addresses and the transformation language: from bytes to the steps that the engine would run.

use safelight::{
    dialect::cloudinary::{
        evaluate::{Bounds, Facts, Hints, evaluate},
        geometry::Size,
        lower::{self, Found, Lookup, Missing, Wanted, lower},
        transformation::{Eager, Transformation},
        url::{Address, Host},
    },
    job::ImageSource,
};

/// Pixels on the way, at most.
const MAX_PIXELS: u64 = 25_000_000;

/// Steps that may come of one address: far more than its components.
const MAX_STEPS: usize = 20_000;

/// Reads the bytes as an address, as a transformation and as an eager one; what can be read is printed, read again and
/// lowered.
pub fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for host in [Host::Shared, Host::Of("demo")] {
        if let Ok(address) = Address::parse(text, host) {
            check(&address.transformation);
        }
    }
    if let Ok(transformation) = Transformation::parse(text) {
        check(&transformation);
    }
    if let Ok(eager) = Eager::parse(text) {
        let printed = eager.to_string();
        let again = Eager::parse(&printed).unwrap_or_else(|error| panic!("{printed:?} is not read again: {error}"));
        assert_eq!(again.to_string(), printed);
        eager.info();
    }
}

fn check(transformation: &Transformation) {
    let printed = transformation.to_string();
    let again = Transformation::parse(&printed);
    let again = again.unwrap_or_else(|error| panic!("{printed:?} is not read again: {error}"));
    assert_eq!(again.to_string(), printed);
    let facts = Facts { pages: 3, ..Facts::of(Size::new(400, 300)) };
    let bounds = Bounds { pixels: MAX_PIXELS, ..Bounds::default() };
    let source = lower::Source { format: "jpeg", frames: 1 };
    let mut lookup = Lookup::default();
    // As deep as the server looks.
    for _ in 0..32 {
        let done = evaluate(transformation, &facts, &lookup, Hints::default(), &bounds)
            .and_then(|evaluated| Ok((lower(&evaluated, source, Wanted::default(), &lookup)?, evaluated)));
        let missing = lookup.missing();
        if missing.is_empty() {
            if let Ok((lowered, evaluated)) = done {
                let size = evaluated.size;
                let pixels = u64::from(size.width) * u64::from(size.height);
                assert!(pixels > 0 && pixels <= MAX_PIXELS, "{printed:?} comes to {size:?}");
                assert!(lowered.steps.len() <= MAX_STEPS, "{printed:?} has {} steps", lowered.steps.len());
            }
            return;
        }
        for what in missing {
            let found = found(&what);
            lookup.insert(what, found);
        }
    }
}

/// Everything is there but what is named `none`; named transformations go on for ever.
fn found(what: &Missing) -> Found {
    match what {
        Missing::Named(name) if name == "none" => Found::Nothing,
        Missing::Named(name) => {
            Transformation::parse(&format!("c_scale,w_0.9/t_{name}")).map_or(Found::Nothing, Found::Named)
        }
        Missing::Image(_, id) if id == "none" => Found::Nothing,
        Missing::Image(..) => Found::Image(ImageSource::Blob("0".repeat(64)), Size::new(40, 30)),
        Missing::Component(_) => Found::Component("1".repeat(64)),
        Missing::Style(_) | Missing::Table(_) => Found::Nothing,
    }
}
