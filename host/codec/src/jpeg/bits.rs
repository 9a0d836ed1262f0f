//! The bit reader of entropy-coded data.
//!
//! Entropy-coded data carries a zero byte after every FF (ITU-T T.81, F.1.2.3) and ends at the first FF that is
//! followed by anything else. Removing those zero bytes in a separate pass over a small window leaves the inner
//! decoding loops without any test for them: they read eight bytes at a time from plain data.

/// Bytes that may be read after a call of [`Bits::ensure`]. One MCU has at most 10 blocks of 64 symbols of
/// 16 code bits and 15 value bits: 2480 bytes.
const SLACK: usize = 4096;
/// Size of the window of unstuffed data; small enough for the L1 or L2 cache.
const WINDOW: usize = 16 * 1024;

/// Reads bits, most significant first, from one entropy-coded segment at a time.
///
/// Past the end of a segment it delivers zero bits; [`Bits::overrun`] tells whether any of these were used.
pub(super) struct Bits<'a> {
    source: &'a [u8],
    /// The next byte of `source` to copy to the window; at the end of a segment, the FF of the marker.
    next: usize,
    /// Unstuffed bytes, followed by zeros when the segment has ended.
    window: Box<[u8; WINDOW + SLACK + 64]>,
    filled: usize,
    /// The next byte of the window to load into `buffer`.
    at: usize,
    /// Unused bits, the next one on top. Bits below the top `count` are either zero or a copy of what follows.
    buffer: u64,
    count: u32,
    ended: bool,
}

/// The state of a [`Bits`] that inner loops keep in registers.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'w> {
    window: &'w [u8; WINDOW + SLACK + 64],
    at: usize,
    pub(super) buffer: u64,
    count: u32,
}

impl Cursor<'_> {
    /// Tops the buffer up to at least 56 bits.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let word = match self.window.get(self.at..self.at + 8) {
            Some(bytes) => {
                u64::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]])
            }
            None => 0,
        };
        self.buffer |= word >> self.count;
        self.at += (63 - self.count as usize) >> 3;
        self.count |= 56;
    }

    /// Drops `bits` bits, at most as many as are in the buffer.
    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count = self.count.wrapping_sub(bits);
    }

    /// Takes 0 to 16 bits as an unsigned number; they must be in the buffer.
    #[inline(always)]
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        let value = ((self.buffer >> 1) >> (63 - bits)) as u32;
        self.skip(bits);
        value
    }

    /// Takes a value of `size` (0 to 15) bits in the sign convention of T.81, F.2.2.1 (`EXTEND`); the bits must be
    /// in the buffer.
    #[inline(always)]
    pub(super) fn take_signed(&mut self, size: u32) -> i32 {
        let bits = self.take(size) as i32;
        // The upper half of the range stands for itself, the lower half is shifted down by 2^size - 1.
        if bits < (1 << size) >> 1 { bits + 1 - (1 << size) } else { bits }
    }
}

impl<'a> Bits<'a> {
    /// Starts at the first byte of entropy-coded data at `start`.
    pub(super) fn new(source: &'a [u8], start: usize) -> Bits<'a> {
        Bits {
            source,
            next: start,
            window: Box::new([0; WINDOW + SLACK + 64]),
            filled: 0,
            at: 0,
            buffer: 0,
            count: 0,
            ended: false,
        }
    }

    /// Starts a new segment at `start`.
    pub(super) fn restart(&mut self, start: usize) {
        self.next = start;
        self.filled = 0;
        self.at = 0;
        self.buffer = 0;
        self.count = 0;
        self.ended = false;
    }

    /// Makes the bits of one whole MCU available.
    #[inline(always)]
    pub(super) fn ensure(&mut self) {
        if !self.ended && self.filled - self.at < SLACK {
            self.fill();
        }
    }

    #[inline(always)]
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { window: &self.window, at: self.at, buffer: self.buffer, count: self.count }
    }

    /// Takes over the position of a cursor: what [`Bits::position`] gave after its use.
    #[inline(always)]
    pub(super) fn set(&mut self, position: (usize, u64, u32)) {
        (self.at, self.buffer, self.count) = position;
    }

    /// Whether more bits were used than the segment has.
    #[inline(always)]
    pub(super) fn overrun(&self) -> bool {
        self.ended && self.at * 8 > self.filled * 8 + self.count as usize
    }

    /// Discards the rest of the segment and returns where its end is: at the FF of a marker, or at the end of the
    /// source.
    pub(super) fn finish(&mut self) -> usize {
        while !self.ended {
            self.at = self.filled;
            self.fill();
        }
        self.next
    }

    /// Where reading is, in bytes from the start of the source; too early by the number of stuffed bytes in the
    /// window.
    pub(super) fn offset(&self) -> usize {
        (self.next + self.at).saturating_sub(self.filled + self.count as usize / 8).min(self.source.len())
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self) {
        let at = self.at.min(self.filled);
        self.window.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.at -= at;
        while self.filled <= WINDOW - 8 {
            if let Some(chunk) = self.source.get(self.next..self.next + 8) {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(chunk);
                if !has_ff(u64::from_ne_bytes(bytes)) {
                    self.window[self.filled..self.filled + 8].copy_from_slice(&bytes);
                    self.filled += 8;
                    self.next += 8;
                    continue;
                }
            }
            let Some(&byte) = self.source.get(self.next) else {
                self.ended = true;
                break;
            };
            if byte != 0xFF {
                self.window[self.filled] = byte;
                self.filled += 1;
                self.next += 1;
                continue;
            }
            // Any number of FF may stand before a marker or a stuffed zero.
            let mut code = self.next + 1;
            while self.source.get(code) == Some(&0xFF) {
                code += 1;
            }
            match self.source.get(code) {
                Some(0) => {
                    self.window[self.filled] = 0xFF;
                    self.filled += 1;
                    self.next = code + 1;
                }
                Some(_) => {
                    self.next = code - 1;
                    self.ended = true;
                    break;
                }
                None => {
                    self.next = self.source.len();
                    self.ended = true;
                    break;
                }
            }
        }
        if self.ended {
            self.window[self.filled..].fill(0);
        }
    }
}

impl Cursor<'_> {
    /// What [`Bits::set`] needs to go on from here.
    #[inline(always)]
    pub(super) fn position(&self) -> (usize, u64, u32) {
        (self.at, self.buffer, self.count)
    }
}

fn has_ff(word: u64) -> bool {
    // A byte of !word is zero where word has FF; the well-known test for a zero byte.
    let inverted = !word;
    inverted.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
}
