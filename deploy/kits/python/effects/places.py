"""Places: the window of a stream, what leaves it, and the holes that are reported (section 3 of the page)."""

from dataclasses import dataclass, field

CHUNK = 1_024
SPAN = 262_144
STREAMS_MAX = 64
# Chunks looked at for holes at one event.
LOOKS = 4
FULL = (1 << CHUNK) - 1

USED, TAKEN, BEYOND, TOO_MANY = "event.seq_used", None, "event.beyond_span", "event.too_many_streams"


def chunk_of(place: int) -> int:
    """The number of the chunk that holds a place."""
    return (place - 1) // CHUNK


def start_of(chunk: int) -> int:
    """The first place of a chunk."""
    return CHUNK * chunk + 1


@dataclass
class Chunk:
    """The used places of one chunk; bit i is place 1,024·c + i + 1.

    In the chunk of `low` the bits below it are all set: `low` gets beyond the start of a chunk only over used
    places. So what is used in a chunk is in its bitmap alone.
    """

    bits: int
    # Since when there is a bitmap, which is only while there are holes.
    begun_ms: int | None = None


@dataclass
class Stream:
    """The window of one stream of one producer."""

    low: int = 1
    chunks: dict = field(default_factory=dict)
    # When the first copy beyond the span came since `low` last changed.
    beyond_ms: int | None = None
    # No chunk below this one is looked at for holes again.
    unreported: int = 0

    def is_used(self, place: int) -> bool:
        """Whether a place can not be taken any more."""
        if place < self.low:
            return True
        chunk = self.chunks.get(chunk_of(place))
        return chunk is not None and bool(chunk.bits >> (place - 1) % CHUNK & 1)

    def highest(self) -> int:
        """The highest used place: once a place was used, one at or above `low` - 1 always is."""
        if not self.chunks:
            return self.low - 1
        last = max(self.chunks)
        return start_of(last) + self.chunks[last].bits.bit_length() - 1

    def ranges(self) -> list:
        """The used places at or above `low`, as ranges with both ends."""
        found = []
        for number, chunk in sorted(self.chunks.items()):
            for place in range(start_of(number), start_of(number + 1)):
                if place < self.low or not chunk.bits >> (place - 1) % CHUNK & 1:
                    continue
                if found and found[-1][1] == place - 1:
                    found[-1][1] = place
                else:
                    found.append([place, place])
        return found

    def take(self, place: int, now: int, gap_ms: int):
        """Uses a place, moving the window if that has to be; the outcome if it can not, and audit leaves."""
        if self.is_used(place):
            return USED, []
        leaves = []
        if place >= self.low + SPAN:
            start = start_of(chunk_of(place - SPAN) + 1)
            if not self._may_move(start, now, gap_ms):
                return BEYOND, []
            leaves = self._leave(start)
        self._use(place, now)
        return TAKEN, leaves

    def _use(self, place: int, now: int) -> None:
        in_order = place == self.low
        chunk = self.chunks.setdefault(chunk_of(place), Chunk(0))
        chunk.bits |= 1 << (place - 1) % CHUNK
        low = self.low
        while self.is_used(low):
            low += 1
        if low > self.low:
            self._set_low(low)
        self._keep_bitmaps(() if in_order else (chunk_of(place),), now)

    def _keep_bitmaps(self, numbers, now: int) -> None:
        if self.highest() < self.low:
            for chunk in self.chunks.values():
                chunk.begun_ms = None
            return
        for number in {*numbers, chunk_of(self.low)} & self.chunks.keys():
            if self.chunks[number].begun_ms is None:
                self.chunks[number].begun_ms = now

    def _set_low(self, low: int) -> None:
        self.low, self.beyond_ms = low, None
        self.chunks = {number: chunk for number, chunk in self.chunks.items() if start_of(number + 1) > low}

    def _may_move(self, start: int, now: int, gap_ms: int) -> bool:
        left = start - start_of(chunk_of(self.low))
        chunks = [chunk for number, chunk in self.chunks.items() if start_of(number) < start]
        used = sum(chunk.bits.bit_count() for chunk in chunks)
        if 2 * used >= left:
            return True
        if self.beyond_ms is None:
            self.beyond_ms = now
        return now >= self.beyond_ms + gap_ms

    def _leave(self, start: int) -> list:
        """Moves the window; one leaf for each chunk with holes, one for each run of chunks without bitmap."""
        leaves, place = [], start_of(chunk_of(self.low))
        # The chunk that begins at the new start stays; it only ends the last run.
        for number in [*sorted(one for one in self.chunks if start_of(one) < start), chunk_of(start)]:
            if place < start_of(number):
                leaves.append(("gap_closed", place, start_of(number) - 1, None))
            if start_of(number) < start and self.chunks[number].bits != FULL:
                leaves.append(self._leaf("gap_closed", number))
            place = start_of(number + 1)
        self._set_low(start)
        return leaves

    def _leaf(self, kind: str, number: int):
        return kind, start_of(number), start_of(number + 1) - 1, self.chunks[number].bits

    def report_holes(self, now: int, max_age_ms: int) -> list:
        """Audit leaves of chunks whose holes are old enough; each chunk is reported once."""
        leaves, last = [], chunk_of(self.highest())
        self.unreported = max(self.unreported, chunk_of(self.low))
        for _ in range(LOOKS):
            number = self.unreported
            if number > last:
                break
            holes = self._has_holes(number)
            old = holes and now >= self.chunks[number].begun_ms + max_age_ms
            if not old and (holes or number == last):
                break
            if old:
                leaves.append(self._leaf("gap", number))
            self.unreported += 1
        return leaves

    def _has_holes(self, number: int) -> bool:
        """Whether a chunk with a bitmap has an unused place below the highest used one."""
        chunk = self.chunks.get(number)
        if chunk is None or chunk.begun_ms is None:
            return False
        below = min(self.highest() - start_of(number) + 1, CHUNK)
        return chunk.bits & (1 << below) - 1 != (1 << below) - 1


class Places:
    """The streams of all producers."""

    def __init__(self):
        self.streams = {}

    def take(self, producer: bytes, number: int, place: int, now: int, parameters: dict):
        """Uses a place; the outcome if it can not be used (else None), and audit leaves."""
        stream = self.streams.get((producer, number))
        if stream is None:
            if sum(kid == producer for kid, _ in self.streams) >= STREAMS_MAX:
                return TOO_MANY, []
            stream = self.streams[producer, number] = Stream()
        outcome, leaves = stream.take(place, now, parameters["gap_ms"])
        if outcome is TAKEN:
            leaves += stream.report_holes(now, parameters["max_age_ms"])
        return outcome, leaves
