//! Frames in another order or for other times: what a `timeline` transform does to a picture.

use std::sync::Arc;

use safelight_codec::{Frame, Loops, Picture, PixelFormat, Raster};

use super::{Size, walk::size_of};

/// When the frames of a picture are shown; see `timeline` in `wit/types.wit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// One entry a frame, in milliseconds; a still picture has one of 0.
    pub delays_ms: Vec<u32>,
    /// How often all are played; `Times(1)` for a still picture.
    pub loops: Loops,
}

/// A frame that is shown for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// Which: first count the frames of the timeline, from 0, then the pictures that the parameters name.
    pub frame: u32,
    /// For how long, in milliseconds.
    pub delay_ms: u32,
}

/// What a `timeline` transform makes of a picture. Has a shot at least, and shows nothing that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrangement {
    /// What is shown, in this order.
    pub shots: Vec<Shot>,
    /// How often all are played.
    pub loops: Loops,
}

impl Timeline {
    /// That of a still picture.
    pub fn still() -> Timeline {
        Timeline { delays_ms: vec![0], loops: Loops::Times(1) }
    }

    /// How many frames there are.
    pub fn frames(&self) -> u32 {
        u32::try_from(self.delays_ms.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn of(picture: &Picture) -> Timeline {
        Timeline { delays_ms: picture.frames.iter().map(|frame| frame.delay_ms).collect(), loops: picture.loops }
    }
}

impl Arrangement {
    /// The timeline of what it makes.
    pub(super) fn timeline(&self) -> Timeline {
        match self.shots[..] {
            [_] => Timeline::still(),
            _ => Timeline { delays_ms: self.shots.iter().map(|shot| shot.delay_ms).collect(), loops: self.loops },
        }
    }
}

/// A frame of the picture, or one that a parameter names.
enum Stock {
    Own(Raster),
    Named(Arc<Raster>),
}

impl Stock {
    fn raster(&self) -> &Raster {
        match self {
            Stock::Own(raster) => raster,
            Stock::Named(raster) => raster,
        }
    }

    fn into_raster(self) -> Raster {
        match self {
            Stock::Own(raster) => raster,
            Stock::Named(raster) => Arc::unwrap_or_clone(raster),
        }
    }
}

/// Makes the picture that an arrangement shows, of size `size`. `fit` makes a named picture of another size fit; each is
/// asked for once. All frames get the format that holds every one of them.
///
/// Cost: frames are moved; copied are those shown several times, and all that somebody else still needs.
pub(super) fn perform<E>(
    arrangement: &Arrangement,
    picture: Arc<Picture>,
    named: &[Arc<Raster>],
    size: Size,
    mut fit: impl FnMut(&Raster) -> Result<Raster, E>,
) -> Result<Picture, E> {
    let own = picture.frames.len();
    let mut uses = vec![0_u32; own + named.len()];
    for shot in &arrangement.shots {
        uses[shot.frame as usize] += 1;
    }
    // Alone, the pictures' owner gives its frames away; else only those are copied that are shown.
    let (frames, metadata) = match Arc::try_unwrap(picture) {
        Ok(picture) => (picture.frames.into_iter().map(|frame| Some(frame.raster)).collect(), picture.metadata),
        Err(picture) => {
            let shown = |(frame, uses): (&Frame, &u32)| (*uses > 0).then(|| frame.raster.clone());
            let frames: Vec<Option<Raster>> = picture.frames.iter().zip(&uses).map(shown).collect();
            (frames, picture.metadata.clone())
        }
    };
    let mut stock: Vec<Option<Stock>> = frames.into_iter().map(|raster| raster.map(Stock::Own)).collect();
    for (raster, uses) in named.iter().zip(&uses[own..]) {
        stock.push(match uses {
            0 => None,
            _ if size_of(raster) == size => Some(Stock::Named(raster.clone())),
            _ => Some(Stock::Own(fit(raster)?)),
        });
    }
    let shown = stock.iter().zip(&uses).filter(|(_, uses)| **uses > 0).filter_map(|(stock, _)| stock.as_ref());
    let format = shown.map(|stock| stock.raster().format()).fold(PixelFormat::Gray8, widest);
    let mut frames = Vec::with_capacity(arrangement.shots.len());
    for shot in &arrangement.shots {
        let (stock, uses) = (&mut stock[shot.frame as usize], &mut uses[shot.frame as usize]);
        *uses -= 1;
        let raster = stock.take().expect("what is shown is there").into_raster().convert(format);
        if *uses > 0 {
            *stock = Some(Stock::Own(raster.clone()));
        }
        frames.push(Frame { raster, delay_ms: shot.delay_ms });
    }
    let loops = match &mut frames[..] {
        [only] => {
            only.delay_ms = 0;
            Loops::Times(1)
        }
        _ => arrangement.loops,
    };
    Ok(Picture { frames, loops, metadata })
}

fn widest(one: PixelFormat, other: PixelFormat) -> PixelFormat {
    if one.bytes_per_pixel() < other.bytes_per_pixel() { other } else { one }
}
