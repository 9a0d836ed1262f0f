//! Alpha made uneven.

/// Lowers the alpha of an RGBA buffer here and there, by at most `amount` of it, in place: in grains of one
/// and of eight pixels, half each, that follow from `seed` alone.
///
/// A mark laid on many pictures with other seeds cannot be subtracted or averaged away exactly.
pub fn roughen(rgba: &mut [u8], width: u32, amount: f64, seed: u32) {
    let columns = (width as usize).max(1);
    let scale = (amount.clamp(0.0, 1.0) * 65_536.0) as u32;
    for (y, row) in rgba.as_chunks_mut::<4>().0.chunks_exact_mut(columns).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let fine = hash(x as u32, y as u32, seed);
            let coarse = hash(x as u32 / 8, y as u32 / 8, !seed);
            // 0 to 510, so at most `scale` of 65536.
            let less = (fine + coarse) * scale / 510;
            pixel[3] = ((u32::from(pixel[3]) * (65_536 - less) + 32_768) >> 16) as u8;
        }
    }
}

/// A number that stands for the contents of a buffer: FNV-1a (Fowler, Noll, Vo) over words.
pub fn fingerprint(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let step = |hash: u32, word: u32| (hash ^ word).wrapping_mul(0x0100_0193);
    let hash = words.iter().fold(0x811c_9dc5, |hash, word| step(hash, u32::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| step(hash, u32::from(*byte)))
}

/// 0 to 255 for a place; the finalizer of MurmurHash3 (A. Appleby, public domain) mixes the bits.
fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut bits = seed ^ x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
    (bits ^ (bits >> 16)) >> 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpha_is_lowered_by_no_more_than_asked() {
        let pixels = [1, 2, 3, 200].repeat(64 * 64);
        for amount in [0.0, 0.3, 1.0] {
            let mut made = pixels.clone();
            roughen(&mut made, 64, amount, 5);
            let alphas: Vec<f64> = made.as_chunks::<4>().0.iter().map(|pixel| f64::from(pixel[3])).collect();
            let least = 200.0 * (1.0 - amount);
            assert!(alphas.iter().all(|alpha| (least - 0.51..=200.0).contains(alpha)), "{amount}");
            let mean = alphas.iter().sum::<f64>() / alphas.len() as f64;
            assert!((mean - (200.0 + least) / 2.0).abs() < 200.0 * amount * 0.05 + 0.1, "{amount}: {mean}");
            let mut again = pixels.clone();
            roughen(&mut again, 64, amount, 5);
            assert_eq!(made, again);
            let mut other = pixels.clone();
            roughen(&mut other, 64, amount, 6);
            assert_eq!(made == other, amount == 0.0);
        }
    }

    #[test]
    fn fingerprints_tell_contents_apart() {
        let contents: [&[u8]; 5] = [b"", b"a", b"b", b"abcd", b"abcde"];
        for (index, one) in contents.iter().enumerate() {
            for other in &contents[index + 1..] {
                assert_ne!(fingerprint(one), fingerprint(other));
            }
        }
    }
}
