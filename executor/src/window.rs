//! The window of a stream: which places are used, and how it moves. `docs/effects.md`, section 3.

use cybermesh_proto::audit::{AuditEntry, Places};
use cybermesh_proto::{Count, Kid};

use crate::rows::{CHUNK_PLACES, Chunk, Conduct, STREAMS_MAX, Space, Stream, keys};
use crate::run::Run;
use crate::view::ViewError;

/// 262,144 places: as far as a stream may run ahead of its first hole.
pub const SPAN: u64 = 1 << 18;

/// 257 chunks can hold a bitmap at once: the span, and one more when it begins inside a chunk.
const CHUNKS_MAX: u64 = SPAN / CHUNK_PLACES + 1;

/// 4 chunks are looked at for holes at each event.
const LOOKED_AT: u32 = 4;

/// What became of a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// It was free, and is used now.
    Taken,
    /// It was used or closed before.
    Used,
    /// The window has not come this far, and does not move yet.
    Beyond,
    /// The producer may not begin another stream.
    TooManyStreams,
}

/// One stream at work.
struct Window<'r, 'a> {
    run: &'r mut Run<'a>,
    kid: Kid,
    number: u32,
    stream: Stream,
}

/// Uses a place.
pub(crate) fn take(run: &mut Run<'_>, kid: Kid, number: u32, seq: u64) -> Result<Place, ViewError> {
    let stream = match run.state.get(&keys::stream(&kid, number))?.copied() {
        Some(stream) => stream,
        None if begin_stream(run, &kid)? => Stream::default(),
        None => return Ok(Place::TooManyStreams),
    };
    let mut window = Window { run, kid, number, stream };
    let place = window.take(seq)?;
    if place == Place::Taken {
        window.report_gaps()?;
    }
    let (key, stream) = (keys::stream(&kid, number), window.stream);
    run.state.put(key, stream)?;
    Ok(place)
}

fn begin_stream(run: &mut Run<'_>, kid: &Kid) -> Result<bool, ViewError> {
    let key = keys::by_kid(Space::Conduct, kid);
    let mut conduct: Conduct = run.state.get_or_default(&key)?;
    if conduct.streams >= STREAMS_MAX {
        return Ok(false);
    }
    conduct.streams = conduct.streams.saturating_add(1);
    run.state.put(key, conduct)?;
    Ok(true)
}

/// The chunk of a place, and its place there.
const fn split(seq: u64) -> (u64, u64) {
    let place = seq.saturating_sub(1);
    (place / CHUNK_PLACES, place % CHUNK_PLACES)
}

/// The first place of a chunk.
const fn start(chunk: u64) -> u64 {
    chunk.saturating_mul(CHUNK_PLACES).saturating_add(1)
}

impl Window<'_, '_> {
    fn take(&mut self, seq: u64) -> Result<Place, ViewError> {
        if seq < self.stream.low {
            return Ok(Place::Used);
        }
        if seq >= self.stream.low.saturating_add(SPAN) && !self.make_room(seq)? {
            return Ok(Place::Beyond);
        }
        let (number, place) = split(seq);
        if seq > self.stream.low {
            let mut chunk = self.seen(number)?.unwrap_or_else(|| Chunk::begun(self.run.now_ms, 0));
            if chunk.holds(place) {
                return Ok(Place::Used);
            }
            chunk.set(place);
            self.run.state.put(self.key(number), chunk)?;
        } else if self.stream.top < seq {
            // In order and without holes, which is almost always: `low` alone tells it.
            self.move_to(seq.saturating_add(1));
            self.stream.top = seq;
            return Ok(Place::Taken);
        } else {
            self.pass(number, place)?;
        }
        self.stream.top = self.stream.top.max(seq);
        self.grow()?;
        Ok(Place::Taken)
    }

    /// Lets `low` pass one place, and forgets the bitmap of a chunk that is behind it then.
    fn pass(&mut self, number: u64, place: u64) -> Result<(), ViewError> {
        self.move_to(self.stream.low.saturating_add(1));
        let behind = place.saturating_add(1) >= CHUNK_PLACES;
        if behind { self.forget(number) } else { Ok(()) }
    }

    /// Moves the window so far that a place beyond it fits, if the time has come.
    fn make_room(&mut self, seq: u64) -> Result<bool, ViewError> {
        let first = split(self.stream.low).0;
        let new_start = seq.saturating_sub(SPAN).div_ceil(CHUNK_PLACES);
        let since = *self.stream.beyond_since_ms.get_or_insert(self.run.now_ms);
        let waited = self.run.now_ms >= since.saturating_add(self.run.numbers.gap_ms);
        if !waited && !self.half_used(first, new_start)? {
            return Ok(false);
        }
        self.leave(first, new_start)?;
        self.move_to(start(new_start));
        Ok(true)
    }

    fn half_used(&mut self, first: u64, end: u64) -> Result<bool, ViewError> {
        let mut used = 0_u64;
        for number in first..end.min(first.saturating_add(CHUNKS_MAX)) {
            let here = self.seen(number)?.map_or(0, |chunk| chunk.used());
            used = used.saturating_add(here);
        }
        let left = end.saturating_sub(first).saturating_mul(CHUNK_PLACES);
        Ok(used.saturating_mul(2) >= left)
    }

    /// Closes the places of the chunks from `first` up to `end`.
    fn leave(&mut self, first: u64, end: u64) -> Result<(), ViewError> {
        let mut empty_from = first;
        for number in first..end.min(first.saturating_add(CHUNKS_MAX)) {
            let Some(chunk) = self.seen(number)? else { continue };
            self.close_empty(empty_from, number);
            empty_from = number.saturating_add(1);
            if !chunk.is_full() {
                let places = self.places(number, empty_from, Some(&chunk));
                self.run.audit.push(AuditEntry::GapClosed(places));
            }
            self.forget(number)?;
        }
        self.close_empty(empty_from, end);
        Ok(())
    }

    /// Notes that no place of these chunks was ever used.
    fn close_empty(&mut self, first: u64, end: u64) {
        if first < end {
            let places = self.places(first, end, None);
            self.run.audit.push(AuditEntry::GapClosed(places));
        }
    }

    /// Lets `low` pass what is used; then bitmaps are kept only while there are holes, and that of `low` with them.
    fn grow(&mut self) -> Result<(), ViewError> {
        loop {
            let (number, place) = split(self.stream.low);
            let holes = self.stream.top >= self.stream.low;
            let Some(chunk) = self.chunk(number)? else {
                if holes && place > 0 {
                    self.run.state.put(self.key(number), Chunk::begun(self.run.now_ms, place))?;
                }
                return Ok(());
            };
            if !holes {
                return self.forget(number);
            }
            if let Some(hole) = chunk.first_hole(place) {
                self.move_to(start(number).saturating_add(hole));
                return Ok(());
            }
            self.move_to(start(number.saturating_add(1)));
            self.forget(number)?;
        }
    }

    fn forget(&mut self, number: u64) -> Result<(), ViewError> {
        let key = self.key(number);
        if self.run.state.get::<Chunk>(&key)?.is_some() {
            self.run.state.delete::<Chunk>(key)
        } else {
            Ok(())
        }
    }

    fn move_to(&mut self, low: u64) {
        if low != self.stream.low {
            self.stream.low = low;
            self.stream.beyond_since_ms = None;
        }
    }

    /// Reports chunks whose holes have stood for long, oldest first, a few at a time.
    fn report_gaps(&mut self) -> Result<(), ViewError> {
        let newest = split(self.stream.top).0;
        let mut number = self.stream.unreported.max(split(self.stream.low).0);
        for _ in 0..LOOKED_AT {
            if number > newest {
                break;
            }
            if let Some(chunk) = self.seen(number)? {
                let seq = |hole: u64| start(number).saturating_add(hole);
                let holes = chunk.first_hole(0).is_some_and(|hole| seq(hole) < self.stream.top);
                let due = chunk.begun_ms.saturating_add(self.run.numbers.max_age_ms);
                if holes && self.run.now_ms < due {
                    break;
                }
                if holes {
                    let places = self.places(number, number.saturating_add(1), Some(&chunk));
                    self.run.audit.push(AuditEntry::Gap(places));
                } else if number == newest {
                    break;
                }
            } else if number == newest {
                break;
            }
            number = number.saturating_add(1);
        }
        self.stream.unreported = number;
        Ok(())
    }

    fn places(&self, first: u64, end: u64, chunk: Option<&Chunk>) -> Places {
        Places {
            kid: self.kid,
            stream: self.number,
            first: Count::new(start(first)),
            last: Count::new(start(end).saturating_sub(1)),
            bitmap: chunk.map(|chunk| chunk.bits),
        }
    }

    fn chunk(&mut self, number: u64) -> Result<Option<Chunk>, ViewError> {
        let key = self.key(number);
        Ok(self.run.state.get::<Chunk>(&key)?.cloned())
    }

    /// The used places of a chunk, if there are any: its bitmap, and what `low` says.
    fn seen(&mut self, number: u64) -> Result<Option<Chunk>, ViewError> {
        let (at, below) = split(self.stream.low);
        let used = if number == at { below } else { 0 };
        let mut chunk = self.chunk(number)?;
        if used > 0 {
            chunk.get_or_insert_with(|| Chunk::begun(self.run.now_ms, 0)).fill(used);
        }
        Ok(chunk)
    }

    fn key(&self, number: u64) -> Vec<u8> {
        keys::chunk(&self.kid, self.number, number)
    }
}
