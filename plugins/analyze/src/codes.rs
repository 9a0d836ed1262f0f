//! `codes`: what barcodes say.

use std::collections::{BTreeSet, HashSet};

use rxing::{
    BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, RXingResult, Reader,
    aztec::AztecReader,
    common::HybridBinarizer,
    datamatrix::DataMatrixReader,
    multi::{GenericMultipleBarcodeReader, MultipleBarcodeReader},
    oned::MultiFormatOneDReader,
    pdf417::PDF417Reader,
    qrcode::cpp_port::QrReader,
};
use safelight_sdk::{Image, Input, Kind, Outcome, Refusal, Transform};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    numbers::tenth,
    picture::{at_most, gray, size},
};

/// To how many pixels the longer side is reduced for the searches, one after the other until one finds
/// something: large modules are found best in small pictures, and small ones need all pixels.
const SIDES: [u32; 2] = [1200, 4000];

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Params {
    /// Which kinds to look for. Fewer are faster.
    #[schemars(length(min = 1, max = 6))]
    kinds: Vec<Kinds>,
    /// Whether to look for light codes on dark ground as well.
    inverted: bool,
    /// How many codes at most.
    #[schemars(range(min = 1, max = 100))]
    most: u32,
}

impl Default for Params {
    fn default() -> Self {
        use Kinds::{Aztec, Barcode, DataMatrix, MicroQr, Pdf417, Qr};
        Params { kinds: vec![Qr, MicroQr, DataMatrix, Aztec, Pdf417, Barcode], inverted: true, most: 20 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kinds {
    /// QR codes.
    Qr,
    /// Micro QR codes.
    MicroQr,
    /// Data Matrix.
    DataMatrix,
    /// Aztec codes.
    Aztec,
    /// PDF417.
    Pdf417,
    /// All codes of bars: EAN, UPC, Code 39, 93 and 128, ITF, Codabar, GS1 DataBar.
    Barcode,
}

/// Reads QR codes and barcodes in the gray picture, by the library rxing.
///
/// Pictures are reduced to 1200 pixels first, and if nothing is found then to 4000. Codes may be turned by any
/// angle, except: codes of bars as long as a row or a column of pixels crosses all bars; PDF417 and Aztec codes
/// by quarter turns.
pub(crate) struct Codes;

impl Transform for Codes {
    const NAME: &'static str = "codes";
    const SUMMARY: &'static str = "Text, kind and place of QR codes, Data Matrix, Aztec, PDF417 and barcodes.";
    const KIND: Kind = Kind::Analyze;
    type Params = Params;

    fn apply(params: &Params, input: Input) -> Result<Outcome, Refusal> {
        let found = find(params, &input.image);
        Ok(Outcome::found(input.image, &found))
    }
}

/// What is found.
#[derive(Debug, Serialize)]
struct Found {
    /// From top to bottom, then from left to right.
    codes: Vec<Code>,
}

#[derive(Debug, Clone, Serialize)]
struct Code {
    /// `qr`, `micro_qr`, `data_matrix`, `aztec`, `pdf417`, `ean_13`, `ean_8`, `upc_a`, `upc_e`, `code_39`,
    /// `code_93`, `code_128`, `itf`, `codabar`, `databar` or `databar_expanded`.
    kind: &'static str,
    text: String,
    /// The corners of codes of squares, one after the other around the code; the two ends of a line through codes
    /// of bars.
    points: Vec<[f64; 2]>,
    /// The upright rectangle around the points: x, y, width, height.
    #[serde(rename = "box")]
    bounds: [f64; 4],
}

fn find(params: &Params, image: &Image) -> Found {
    let gray = gray(image);
    let longer = image.width.max(image.height);
    for (index, side) in SIDES.into_iter().enumerate() {
        if index > 0 && longer <= SIDES[index - 1] {
            break;
        }
        let (reduced, of) = at_most(gray.clone(), size(image), side);
        let ratio = [f64::from(image.width) / f64::from(of.0), f64::from(image.height) / f64::from(of.1)];
        let codes = search(params, &reduced, of, ratio);
        if !codes.is_empty() {
            return Found { codes };
        }
    }
    Found { codes: Vec::new() }
}

fn search(params: &Params, gray: &[u8], of: (u32, u32), ratio: [f64; 2]) -> Vec<Code> {
    let kinds: BTreeSet<Kinds> = params.kinds.iter().copied().collect();
    let turned: Vec<u8> = if params.inverted { gray.iter().map(|value| 255 - value).collect() } else { Vec::new() };
    let mut codes: Vec<Code> = Vec::new();
    for kind in kinds {
        for pixels in [gray, &turned].into_iter().filter(|pixels| !pixels.is_empty()) {
            for result in read(kind, pixels.to_vec(), of) {
                let code = code(&result, ratio);
                let is_known = |other: &Code| other.kind == code.kind && other.text == code.text && near(other, &code);
                if let Some(code) = Some(&code).filter(|code| !code.kind.is_empty() && !codes.iter().any(is_known)) {
                    codes.push(code.clone());
                }
            }
        }
    }
    codes.sort_by(|a, b| {
        let ([ax, ay, ..], [bx, by, ..]) = (a.bounds, b.bounds);
        ay.total_cmp(&by).then(ax.total_cmp(&bx)).then_with(|| a.text.cmp(&b.text))
    });
    codes.truncate(params.most as usize);
    codes
}

fn read(kind: Kinds, gray: Vec<u8>, (width, height): (u32, u32)) -> Vec<RXingResult> {
    let Ok(source) = Luma8LuminanceSource::new(gray, width, height) else {
        return Vec::new();
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let mut hints = DecodeHints { TryHarder: Some(true), ..DecodeHints::default() };
    // One format at a time: the reader tries a set of them in an order that is different each time.
    let mut only = |format| hints.PossibleFormats = Some(HashSet::from([format]));
    match kind {
        Kinds::Qr => only(BarcodeFormat::QR_CODE),
        Kinds::MicroQr => only(BarcodeFormat::MICRO_QR_CODE),
        Kinds::DataMatrix => only(BarcodeFormat::DATA_MATRIX),
        Kinds::Aztec => only(BarcodeFormat::AZTEC),
        Kinds::Pdf417 => only(BarcodeFormat::PDF_417),
        Kinds::Barcode => {}
    }
    let found = match kind {
        Kinds::Qr | Kinds::MicroQr => QrReader.decode_multiple_with_hints(&mut bitmap, &hints),
        Kinds::DataMatrix => one_after_the_other(DataMatrixReader, &mut bitmap, &hints),
        Kinds::Aztec => one_after_the_other(AztecReader, &mut bitmap, &hints),
        Kinds::Pdf417 => one_after_the_other(PDF417Reader, &mut bitmap, &hints),
        Kinds::Barcode => one_after_the_other(MultiFormatOneDReader::new(&hints), &mut bitmap, &hints),
    };
    found.unwrap_or_default()
}

fn one_after_the_other<R: Reader>(
    reader: R,
    bitmap: &mut BinaryBitmap<HybridBinarizer<Luma8LuminanceSource>>,
    hints: &DecodeHints,
) -> rxing::common::Result<Vec<RXingResult>> {
    GenericMultipleBarcodeReader::new(reader).decode_multiple_with_hints(bitmap, hints)
}

fn code(result: &RXingResult, ratio: [f64; 2]) -> Code {
    let points: Vec<[f64; 2]> = result
        .getPoints()
        .iter()
        .map(|point| [tenth(f64::from(point.x) * ratio[0]), tenth(f64::from(point.y) * ratio[1])])
        .collect();
    let ends = |axis: usize| {
        let values = points.iter().map(move |point| point[axis]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low <= high { (low, tenth(high - low)) } else { (0.0, 0.0) }
    };
    let ((x, width), (y, height)) = (ends(0), ends(1));
    Code {
        kind: name(*result.getBarcodeFormat()),
        text: result.getText().to_owned(),
        points,
        bounds: [x, y, width, height],
    }
}

/// Whether two codes of the same text are one and the same: found in the picture and in its negative, or twice on
/// other lines.
fn near(a: &Code, b: &Code) -> bool {
    let middle = |code: &Code| [code.bounds[0] + code.bounds[2] / 2.0, code.bounds[1] + code.bounds[3] / 2.0];
    let reach = a.bounds[2].max(a.bounds[3]).max(b.bounds[2]).max(b.bounds[3]) / 2.0;
    let (a, b) = (middle(a), middle(b));
    (a[0] - b[0]).hypot(a[1] - b[1]) <= reach
}

fn name(format: BarcodeFormat) -> &'static str {
    match format {
        BarcodeFormat::QR_CODE => "qr",
        BarcodeFormat::MICRO_QR_CODE => "micro_qr",
        BarcodeFormat::DATA_MATRIX => "data_matrix",
        BarcodeFormat::AZTEC => "aztec",
        BarcodeFormat::PDF_417 => "pdf417",
        BarcodeFormat::EAN_13 => "ean_13",
        BarcodeFormat::EAN_8 => "ean_8",
        BarcodeFormat::UPC_A => "upc_a",
        BarcodeFormat::UPC_E => "upc_e",
        BarcodeFormat::CODE_39 => "code_39",
        BarcodeFormat::CODE_93 => "code_93",
        BarcodeFormat::CODE_128 => "code_128",
        BarcodeFormat::ITF => "itf",
        BarcodeFormat::CODABAR => "codabar",
        BarcodeFormat::RSS_14 => "databar",
        BarcodeFormat::RSS_EXPANDED => "databar_expanded",
        // Too weak to be told from stripes by chance, or not read here.
        _ => "",
    }
}
