//! A guest's log: lines by the contract's `log`, and what it writes to its standard output and error.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use super::{bindings::safelight::plugin::log::Level, outcome::OverLimit};
use crate::error::{Code, Failure};

/// How much a guest may hand to a stream at once, in bytes.
const CHUNK_BYTES: usize = 64 << 10;

/// Counts and cuts lines and hands them to tracing.
pub(super) struct Log {
    plugin: Arc<str>,
    limit: u32,
    left: u32,
    line_bytes: usize,
    /// Unfinished lines of the standard output and error.
    partial: [Vec<u8>; 2],
    /// The last thing that the guest called an error: after a trap it is the best explanation.
    complaint: Option<String>,
    /// Whether the line before was the head of a panic message on the standard error.
    in_panic: bool,
}

/// One of the two standard streams.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Stream {
    Out,
    Error,
}

impl Log {
    pub(super) fn new(plugin: Arc<str>, lines: u32, line_bytes: usize) -> Log {
        let partial = [Vec::new(), Vec::new()];
        Log { plugin, limit: lines, left: lines, line_bytes, partial, complaint: None, in_panic: false }
    }

    /// Writes one line of the contract's `log`.
    pub(super) fn line(&mut self, level: Level, text: &str) -> Result<(), OverLimit> {
        let text = self.enter(text)?;
        if level == Level::Error {
            self.complaint = Some(text.clone());
        }
        self.emit(level, &text);
        Ok(())
    }

    /// Takes bytes of a standard stream; complete lines are written.
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), OverLimit> {
        let mut pieces = bytes.split(|&byte| byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.keep(stream, piece);
            self.end_line(stream)?;
        }
        self.keep(stream, last);
        Ok(())
    }

    /// Adds to an unfinished line; what would be cut from it anyway is not kept.
    fn keep(&mut self, stream: Stream, piece: &[u8]) {
        let partial = &mut self.partial[stream as usize];
        let room = (self.line_bytes + 1).saturating_sub(partial.len());
        partial.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn end_line(&mut self, stream: Stream) -> Result<(), OverLimit> {
        let line = std::mem::take(&mut self.partial[stream as usize]);
        let text = self.enter(&String::from_utf8_lossy(&line))?;
        if stream == Stream::Out {
            self.emit(Level::Info, &text);
            return Ok(());
        }
        // Rust's own panic message: a head that ends in a colon, then the message.
        if self.in_panic
            && let Some(complaint) = &mut self.complaint
        {
            complaint.push(' ');
            complaint.push_str(&text);
        }
        self.in_panic = text.contains("panicked at ") && text.ends_with(':');
        if self.in_panic {
            self.complaint = Some(text.clone());
        }
        self.emit(Level::Warn, &text);
        Ok(())
    }

    /// Counts a line, cuts it and takes control characters out of it: they could forge other lines.
    fn enter(&mut self, text: &str) -> Result<String, OverLimit> {
        if self.left == 0 {
            let message = format!("plugin {} logged more than {} lines", self.plugin, self.limit);
            return Err(OverLimit(Failure::new(Code::LimitLog, message)));
        }
        self.left -= 1;
        let mut end = text.len().min(self.line_bytes);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut line: String = text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if end < text.len() {
            line.push('…');
        }
        Ok(line)
    }

    fn emit(&self, level: Level, text: &str) {
        let plugin = &*self.plugin;
        match level {
            Level::Debug => tracing::debug!(target: "plugin", plugin, "{text}"),
            Level::Info => tracing::info!(target: "plugin", plugin, "{text}"),
            Level::Warn => tracing::warn!(target: "plugin", plugin, "{text}"),
            Level::Error => tracing::error!(target: "plugin", plugin, "{text}"),
        }
    }

    /// Writes unfinished lines when the run is over, while there is room for them.
    pub(super) fn finish(&mut self) {
        for stream in [Stream::Out, Stream::Error] {
            if !self.partial[stream as usize].is_empty() && self.end_line(stream).is_err() {
                self.partial[stream as usize].clear();
            }
        }
    }

    /// The last thing that the guest called an error.
    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }
}

/// A standard stream of a guest that leads into its log.
#[derive(Clone)]
pub(super) struct Stdio {
    pub(super) stream: Stream,
    pub(super) log: Arc<Mutex<Log>>,
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    /// WASI 0.3 would use this one; it is not linked.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Stdio {
    async fn ready(&mut self) {}
}

#[async_trait::async_trait]
impl OutputStream for Stdio {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.bytes(self.stream, &bytes).map_err(|over| StreamError::Trap(over.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_a_character_and_control_characters_are_taken_out() {
        let mut log = Log::new("p".into(), 5, 4);
        assert_eq!(log.enter("aé\n").unwrap(), "aé ");
        assert_eq!(log.enter("abcé").unwrap(), "abc…");
        log.line(Level::Error, "a\u{1b}b").unwrap();
        assert_eq!(log.complaint(), Some("a b"));
    }

    #[test]
    fn pieces_of_a_stream_make_lines_that_are_counted() {
        let mut log = Log::new("p".into(), 3, 100);
        log.bytes(Stream::Error, b"thread 'main' panicked at src/lib.rs:1:2:\nit ").unwrap();
        log.bytes(Stream::Error, b"broke\nnote: nothing\n").unwrap();
        assert_eq!(log.complaint(), Some("thread 'main' panicked at src/lib.rs:1:2: it broke"));
        let over = log.bytes(Stream::Out, b"x\n").unwrap_err();
        assert_eq!(over.0, Failure::new(Code::LimitLog, "plugin p logged more than 3 lines"));
    }

    #[test]
    fn a_line_without_an_end_is_not_kept_whole() {
        let mut log = Log::new("p".into(), 1, 10);
        for _ in 0..1000 {
            log.bytes(Stream::Out, &[b'x'; 100]).unwrap();
        }
        assert_eq!(log.partial[0].len(), 11);
    }
}
