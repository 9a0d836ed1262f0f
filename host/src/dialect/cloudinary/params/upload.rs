//! Parameters of `upload`, `explicit` and of upload presets.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{
        geometry::Rect,
        transformation::{Eager, Error, FormatName, Transformation},
        url::DeliveryType,
    },
    AccessRule, Breakpoints, Form, MetadataValue, ParamError, coordinates, headers, metadata, pairs, tags,
};

/// Bytes of a public id, at most.
const MAX_PUBLIC_ID: usize = 255;
/// Bytes of any other value, at most; JSON and lists of transformations included.
const MAX_VALUE: usize = 100_000;

/// One eager transformation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EagerItem {
    /// As sent, which is how answers name it.
    pub text: String,
    /// What it means.
    pub eager: Eager,
}

/// The transformation before storing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// As sent.
    pub text: String,
    /// What it means.
    pub transformation: Transformation,
}

/// What an upload may say. A field that was not sent is none or empty.
///
/// Unknown parameters and those of add-ons that change nothing here (`ocr`, `visual_search`,
/// `auto_tagging`, ...) are taken and ignored; they count for the signature, which is over the fields as sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UploadParams {
    /// The asset's name, without spaces and slashes around it.
    pub public_id: Option<String>,
    /// Goes before the name, with a slash.
    pub folder: Option<String>,
    /// Goes before the name, with a slash.
    pub public_id_prefix: Option<String>,
    /// A folder that is no part of the name.
    pub asset_folder: Option<String>,
    /// A name for people.
    pub display_name: Option<String>,
    /// The file's name becomes the display name.
    pub use_filename_as_display_name: Option<bool>,
    /// No two display names are the same.
    pub unique_display_name: Option<bool>,
    /// The asset folder is part of the name after all.
    pub use_asset_folder_as_public_id_prefix: Option<bool>,
    /// The file's name becomes the asset's.
    pub use_filename: Option<bool>,
    /// Random characters are added to it; true by default.
    pub unique_filename: Option<bool>,
    /// Stands in for the file's name.
    pub filename_override: Option<String>,
    /// The answer does not tell the file's name.
    pub discard_original_filename: Option<bool>,
    /// How it is delivered; `upload` by default.
    pub delivery: Option<DeliveryType>,
    /// Converted to this before storing.
    pub format: Option<FormatName>,
    /// Only these are taken, in lower case.
    pub allowed_formats: Vec<String>,
    /// An asset of the same name is replaced; true by default for signed uploads.
    pub overwrite: Option<bool>,
    /// Cached deliveries are dropped.
    pub invalidate: Option<bool>,
    /// Tags, each once.
    pub tags: Vec<String>,
    /// Contextual metadata.
    pub context: BTreeMap<String, String>,
    /// Structured metadata.
    pub metadata: BTreeMap<String, MetadataValue>,
    /// Applied before storing.
    pub transformation: Option<Incoming>,
    /// Made at once.
    pub eager: Vec<EagerItem>,
    /// Made later.
    pub eager_async: Option<bool>,
    /// Told when eager transformations are made.
    pub eager_notification_url: Vec<String>,
    /// Told when all is done.
    pub notification_url: Vec<String>,
    /// All is done later.
    pub asynchronous: Option<bool>,
    /// The client's name for a group of calls.
    pub batch_id: Option<String>,
    /// The preset's name.
    pub upload_preset: Option<String>,
    /// Where browsers are sent afterwards.
    pub callback: Option<String>,
    /// The answer holds a token that deletes the asset.
    pub return_delete_token: Option<bool>,
    /// Tell faces.
    pub faces: Option<bool>,
    /// Tell colours.
    pub colors: Option<bool>,
    /// Tell the perceptual hash.
    pub phash: Option<bool>,
    /// Tell metadata of the file.
    pub image_metadata: Option<bool>,
    /// Tell metadata of the file, by the newer name.
    pub media_metadata: Option<bool>,
    /// Tell EXIF values.
    pub exif: Option<bool>,
    /// Tell the quality.
    pub quality_analysis: Option<bool>,
    /// Faces.
    pub face_coordinates: Vec<Rect>,
    /// Regions of interest.
    pub custom_coordinates: Vec<Rect>,
    /// Named regions, as sent.
    pub regions: Option<Value>,
    /// Widths to be computed.
    pub responsive_breakpoints: Vec<Breakpoints>,
    /// Added to deliveries.
    pub headers: Vec<(String, String)>,
    /// `public` or `authenticated`.
    pub access_mode: Option<String>,
    /// Who may see it.
    pub access_control: Vec<AccessRule>,
    /// Kinds of moderation.
    pub moderation: Vec<String>,
    /// Old versions are kept.
    pub backup: Option<bool>,
    /// When the request was signed, in Unix seconds.
    pub timestamp: Option<u64>,
}

impl UploadParams {
    /// Reads the fields of a request, merged with its preset.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn parse(form: &Form) -> Result<Self, ParamError> {
        if let Some((name, _)) = form.0.iter().find(|(name, value)| name != "file" && value.len() > MAX_VALUE) {
            return Err(ParamError::Message(format!(
                "Parameter {name} is too long (expected at most {MAX_VALUE} bytes)"
            )));
        }
        refuse_add_ons(form)?;
        let text = |field: &str| form.text(field).map(str::to_owned);
        let lines = |field: &str| -> Vec<String> {
            let lines = form.text(field).unwrap_or_default().lines();
            lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let delivery = match form.text("type") {
            Some(word) => Some(DeliveryType::from_word(word).ok_or_else(|| {
                ParamError::invalid("type", word, "upload, private, authenticated, fetch or another delivery type")
            })?),
            None => None,
        };
        let remote = matches!(delivery, Some(DeliveryType::Fetch | DeliveryType::Other(_)));
        Ok(Self {
            public_id: match form.text("public_id") {
                Some(id) if remote => Some(id.to_owned()),
                id => id.map(|id| name("public_id", id)).transpose()?,
            },
            folder: form.text("folder").map(|folder| name("folder", folder)).transpose()?,
            public_id_prefix: form
                .text("public_id_prefix")
                .map(|prefix| name("public_id_prefix", prefix))
                .transpose()?,
            asset_folder: text("asset_folder"),
            display_name: text("display_name"),
            use_filename_as_display_name: form.boolean("use_filename_as_display_name")?,
            unique_display_name: form.boolean("unique_display_name")?,
            use_asset_folder_as_public_id_prefix: form.boolean("use_asset_folder_as_public_id_prefix")?,
            use_filename: form.boolean("use_filename")?,
            unique_filename: form.boolean("unique_filename")?,
            filename_override: text("filename_override"),
            discard_original_filename: form.boolean("discard_original_filename")?,
            delivery,
            format: form
                .text("format")
                .map(|format| {
                    let known = FormatName::from_name(format);
                    known.ok_or_else(|| ParamError::invalid("format", format, "the name of a format"))
                })
                .transpose()?,
            allowed_formats: form.comma_list("allowed_formats").into_iter().map(str::to_ascii_lowercase).collect(),
            overwrite: form.boolean("overwrite")?,
            invalidate: form.boolean("invalidate")?,
            tags: tags(form, "tags")?,
            context: pairs("context", form.text("context").unwrap_or_default())?,
            metadata: metadata(form.text("metadata").unwrap_or_default())?,
            transformation: form.text("transformation").map(incoming).transpose()?,
            eager: eager(form.text("eager").unwrap_or_default())?,
            eager_async: form.boolean("eager_async")?,
            eager_notification_url: lines("eager_notification_url"),
            notification_url: lines("notification_url"),
            asynchronous: form.boolean("async")?,
            batch_id: text("batch_id"),
            upload_preset: text("upload_preset"),
            callback: text("callback"),
            return_delete_token: form.boolean("return_delete_token")?,
            faces: form.boolean("faces")?,
            colors: form.boolean("colors")?,
            phash: form.boolean("phash")?,
            image_metadata: form.boolean("image_metadata")?,
            media_metadata: form.boolean("media_metadata")?,
            exif: form.boolean("exif")?,
            quality_analysis: form.boolean("quality_analysis")?,
            face_coordinates: rects(form, "face_coordinates")?,
            custom_coordinates: rects(form, "custom_coordinates")?,
            regions: form
                .text("regions")
                .map(|regions| {
                    let json: Option<Value> = serde_json::from_str(regions).ok().filter(Value::is_object);
                    json.ok_or_else(|| ParamError::invalid("regions", regions, "a JSON object of named regions"))
                })
                .transpose()?,
            responsive_breakpoints: form
                .text("responsive_breakpoints")
                .map(Breakpoints::parse)
                .transpose()?
                .unwrap_or_default(),
            headers: headers(form.text("headers").unwrap_or_default())?,
            access_mode: form
                .text("access_mode")
                .map(|mode| match mode {
                    "public" | "authenticated" => Ok(mode.to_owned()),
                    other => Err(ParamError::invalid("access_mode", other, "public or authenticated")),
                })
                .transpose()?,
            access_control: form.text("access_control").map(AccessRule::parse).transpose()?.unwrap_or_default(),
            moderation: form
                .text("moderation")
                .unwrap_or_default()
                .split('|')
                .filter(|kind| !kind.is_empty())
                .map(str::to_owned)
                .collect(),
            backup: form.boolean("backup")?,
            timestamp: form.whole("timestamp")?,
        })
    }

    /// The name under which the asset is stored: prefix, folder and id; none when no id was sent.
    pub fn full_public_id(&self) -> Option<String> {
        let id = self.public_id.as_deref()?;
        Some(self.in_folder(id))
    }

    /// A name within the folder that the parameters say.
    pub fn in_folder(&self, name: &str) -> String {
        let asset_folder =
            self.asset_folder.as_deref().filter(|_| self.use_asset_folder_as_public_id_prefix == Some(true));
        let folders = [self.public_id_prefix.as_deref(), self.folder.as_deref(), asset_folder];
        let parts =
            folders.into_iter().flatten().map(|folder| folder.trim_matches('/')).filter(|folder| !folder.is_empty());
        parts.chain([name]).collect::<Vec<_>>().join("/")
    }
}

/// Ids and folders, without spaces and slashes around them.
fn name(field: &'static str, text: &str) -> Result<String, ParamError> {
    let name = text.trim_matches(|character: char| character == '/' || character.is_whitespace());
    let forbidden = |character: char| "?&#\\%<>+".contains(character) || character.is_control();
    if name.is_empty() || name.len() > MAX_PUBLIC_ID || name.contains(forbidden) {
        let expected = format!("1 to {MAX_PUBLIC_ID} bytes without ? & # \\ % < > +");
        return Err(ParamError::invalid(field, text, expected));
    }
    Ok(name.to_owned())
}

fn incoming(text: &str) -> Result<Incoming, Error> {
    Ok(Incoming { text: text.to_owned(), transformation: Transformation::parse(text)? })
}

fn eager(text: &str) -> Result<Vec<EagerItem>, ParamError> {
    let items: Vec<&str> = text.split('|').filter(|item| !item.is_empty()).collect();
    let parsed = Eager::parse_list(text)?;
    let pair = |(text, eager): (&str, Eager)| EagerItem { text: text.to_owned(), eager };
    Ok(items.into_iter().zip(parsed).map(pair).collect())
}

fn rects(form: &Form, field: &'static str) -> Result<Vec<Rect>, ParamError> {
    form.text(field).map(|text| coordinates(field, text)).transpose().map(Option::unwrap_or_default)
}

/// Add-ons that need models are refused in the words that clients look for.
fn refuse_add_ons(form: &Form) -> Result<(), ParamError> {
    type Words = fn(&str) -> String;
    let add_ons: [(&str, Words); 4] = [
        ("raw_convert", |_| "Raw convert is invalid".into()),
        ("categorization", |model| format!("Categorization item {model} is not valid")),
        ("detection", |model| format!("Detection invalid model '{model}'")),
        ("background_removal", |model| format!("Background removal {model} is invalid")),
    ];
    for (field, words) in add_ons {
        if let Some(model) = form.text(field) {
            return Err(ParamError::Message(words(&super::quoted(model))));
        }
    }
    Ok(())
}
