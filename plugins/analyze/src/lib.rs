//! The standard plugin `analyze`: transforms that find out about pictures and pass them on unchanged.
//!
//! **The picture** is what a transform works on, **the image** another one that a parameter names. What is
//! found comes as JSON in the output's `data`, one entry a step; the struct at the end of each file says what
//! it holds. Places are in pixels of the picture, from its top left corner. Numbers are rounded to at most six
//! decimals, shares and scores are 0 to 1.
//! **Gray** means luma (BT.709) of the picture laid over white, except where a transform says otherwise.
//! **Time.** All loops are bounded by the sizes of the pictures, whatever the parameters.

mod blurriness;
mod codes;
mod color_names;
mod colors;
mod compare;
mod find_object;
mod match_template;
mod numbers;
mod perceptual_hash;
mod picture;
mod quality;
mod statistics;
#[cfg(test)]
mod tests;

safelight_sdk::export!(
    name: "analyze",
    summary: "What is in a picture: numbers, colours, hashes, sharpness, codes, and other pictures found in it.",
    transforms: [
        statistics::Statistics,
        colors::Colors,
        perceptual_hash::PerceptualHash,
        blurriness::Blurriness,
        quality::Quality,
        compare::Compare,
        match_template::MatchTemplate,
        find_object::FindObject,
        codes::Codes,
    ],
);
