"""Which column of a file holds which field: the table of formats, applied to one file.

See: docs/candle-files.md
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backtest.adapters.ingest.formats import Format, format_of
from backtest.adapters.ingest.names import LAST_PRICES, field_of, is_utc, plain, trades_hint
from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.sample import Sample
from backtest.adapters.ingest.times import DateOrder, date_order, to_moments
from backtest.adapters.ingest.volumes import Volumes, scaled_prices, volumes_of

_NEEDED = ("open", "high", "low", "close")
_CASED_FIELDS = {
    "T": "close_time",
    "V": "taker_buy_volume_base",
    "Q": "taker_buy_volume_quote",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read the rows of one file.

    `places` maps fields to columns; beside those of the store there are `time`, or `date` and
    `clock`, `close_time`, `symbol`, `interval` and `closed`. `problems` say why the file cannot be
    taken, `notes` what was assumed. `headings` has what the columns of `places` are called.
    `clock_digits` is 6 where clocks such as 90500 have seconds, 4 where 905 has none.
    """

    name: str
    places: dict[str, int]
    zone: str | None
    is_server_time: bool
    is_close_time: bool
    order: DateOrder | None
    has_decimal_commas: bool
    notes: tuple[str, ...]
    problems: tuple[str, ...]
    headings: dict[str, str]
    clock_digits: int


def layout_of(sample: Sample, asked: ImportOptions) -> Layout:
    """Find the format and the columns of a file.

    Raises:
        ValueError: Rows without a header that fit no known format.
    """
    form = format_of(sample)
    if form is None:
        raise ValueError(_unknown_rows(sample))
    places, problems = _places(sample, form)
    _join_date_and_time(sample, places)
    _take_label_for_symbol(sample, places, asked)
    volumes = volumes_of(form, sample, places, asked)
    places = {**places, **volumes.places}
    problems += [*_missing(sample, places), *volumes.problems, *_tickers(sample, asked)]
    order, order_problem = _order(sample, places, asked)
    problems += [*_counted_from_elsewhere(sample, places), *_hours_or_minutes(sample, places)]
    if not problems:
        problems += scaled_prices(sample, places, asked)
    return Layout(
        name=_describe(form, sample, places),
        places=places,
        zone=form.zone or _zone_of_heading(sample, places),
        is_server_time=form.is_server_time,
        is_close_time="time" not in places and "date" not in places,
        order=order,
        has_decimal_commas=sample.has_decimal_commas,
        notes=(
            *_notes(form, sample, volumes),
            *_other_close(sample, places),
            *_precision(sample, places),
        ),
        problems=(*problems, *order_problem),
        clock_digits=_clock_digits(sample, places),
        headings={name: sample.heading(place) for name, place in places.items()},
    )


def _places(sample: Sample, form: Format) -> tuple[dict[str, int], list[str]]:
    if form.columns:
        return {name: i for i, name in enumerate(form.columns) if name != "-"}, []
    best: dict[str, tuple[int, int]] = {}
    problems: list[str] = []
    for i, raw in enumerate(sample.raw_names):
        found = _field(raw, sample, form)
        if found is None:
            continue
        name, rank = found
        if name in best and best[name][0] == rank:
            other = sample.raw_names[best[name][1]]
            problems.append(
                f"two columns could be {name}, {other} and {raw}; leave one of them out"
            )
        if name not in best or rank < best[name][0]:
            best[name] = (rank, i)
    places = {name: place for name, (_, place) in best.items()}
    if sample.index_place is not None:
        places["time"] = sample.index_place
    return places, problems


def _field(raw: str, sample: Sample, form: Format) -> tuple[str, int] | None:
    """A single letter counts by its case where both cases occur: `L` is not `l`."""
    name = raw.strip()
    letters = [other.strip() for other in sample.raw_names if len(other.strip()) == 1]
    if len(name) == 1:
        if len(letters) < 4:
            return None if name in "isx" else _named(name, form)
        if name.isupper() and any(letter.islower() for letter in letters):
            return (_CASED_FIELDS[name], 0) if name in _CASED_FIELDS else None
    return _named(name, form)


def _named(raw: str, form: Format) -> tuple[str, int] | None:
    name = plain(raw)
    if name in form.fields:
        return None if form.fields[name] == "-" else (form.fields[name], 0)
    return field_of(name)


def _join_date_and_time(sample: Sample, places: dict[str, int]) -> None:
    """A date and a time of day make a moment; a date beside a whole moment says nothing new."""
    if "date" in places and "time" in places and sample.is_clock(places["time"]):
        places["clock"] = places.pop("time")
    elif "date" in places and "time" in places:
        places.pop("date")
    elif "date" in places and "clock" not in places:
        places["time"] = places.pop("date")


def _counted_from_elsewhere(sample: Sample, places: dict[str, int]) -> list[str]:
    """Days of a spreadsheet, numbers of rows and the milliseconds of a day, taken for seconds."""
    place = places.get("time", places.get("close_time"))
    if place is None or not sample.are_times_before_1980(place):
        return []
    first = f"{float(sample.floats(place)[0]):.15g}"
    return [
        (
            f"times such as {first} count neither from 1970 nor in a known unit (days of a"
            " spreadsheet, numbers of rows, parts of a day); write dates, or seconds since 1970"
        )
    ]


def _hours_or_minutes(sample: Sample, places: dict[str, int]) -> list[str]:
    """Clocks from 0 to 23: as hours of days they would become the first minutes of each."""
    texts = sample.texts(places["clock"]) if "clock" in places else []
    is_short = all(text.isdigit() and len(text) <= 2 and int(text) < 24 for text in texts)
    if not is_short or not any(map(int, texts)):
        return []
    return [
        (
            f"the numbers in {sample.heading(places['clock'])} are all below 24, so they may be"
            " hours or minutes; write clocks such as 09:00 or 00:09"
        )
    ]


def _clock_digits(sample: Sample, places: dict[str, int]) -> int:
    texts = sample.texts(places["clock"]) if "clock" in places else []
    is_long = any(len(text) > 4 or (text.isdigit() and int(text) > 2_400) for text in texts)
    return 6 if is_long else 4


def _take_label_for_symbol(sample: Sample, places: dict[str, int], asked: ImportOptions) -> None:
    """A column such as `name` tells the rows apart if the symbol that was asked for is in it."""
    if "symbol" in places or "label" not in places:
        return
    is_there = asked.symbol is not None and any(map(asked.is_wanted, sample.texts(places["label"])))
    if is_there or asked.file_symbol is not None:
        places["symbol"] = places.pop("label")


def _missing(sample: Sample, places: dict[str, int]) -> list[str]:
    missing = [name for name in _NEEDED if name not in places]
    if not {"time", "date", "close_time"} & places.keys():
        missing.insert(0, "the time")
    if not missing:
        return []
    message = f"no column for {', '.join(missing)}; the columns are {', '.join(sample.raw_names)}"
    return [message + trades_hint(sample.raw_names)]


def _tickers(sample: Sample, asked: ImportOptions) -> list[str]:
    if len(sample.tickers) > 1:
        return [f"the file holds several symbols: {', '.join(sample.tickers)}; write one per file"]
    if sample.tickers and not asked.is_wanted(sample.tickers[0]):
        return [asked.other_symbol(sample.tickers[0])]
    return []


def _order(
    sample: Sample, places: dict[str, int], asked: ImportOptions
) -> tuple[DateOrder | None, list[str]]:
    place = places.get("date", places.get("time", places.get("close_time")))
    if place is None or not sample.is_text(place):
        return None, []
    texts = sample.texts(place)
    order = date_order(texts)
    if order != "unknown":
        return order, []
    if asked.date_order is not None:
        return asked.date_order, []
    return None, [
        (
            f"a date such as {texts[0]} can be read in two ways; pass --date-order day-first or"
            " --date-order month-first"
        )
    ]


def _zone_of_heading(sample: Sample, places: dict[str, int]) -> str | None:
    place = places.get("time", places.get("date"))
    return (
        "UTC"
        if place is not None and sample.raw_names and is_utc(sample.raw_names[place])
        else None
    )


def _notes(form: Format, sample: Sample, volumes: Volumes) -> list[str]:
    notes = [form.note] if form.note else []
    if sample.has_decimal_commas:
        notes.append("commas are decimal signs")
    return [*notes, *volumes.notes]


def _other_close(sample: Sample, places: dict[str, int]) -> list[str]:
    """A close by the name of a last price is one only because nothing else is."""
    heading = sample.heading(places["close"]) if "close" in places else ""
    return [f"the close is read from {heading}"] if plain(heading) in LAST_PRICES else []


def _precision(sample: Sample, places: dict[str, int]) -> list[str]:
    kinds = {str(sample.columns[places[name]].type) for name in _NEEDED if name in places}
    return ["prices have single precision in the file"] if kinds & {"float", "halffloat"} else []


def _describe(form: Format, sample: Sample, places: dict[str, int]) -> str:
    place = places.get("time", places.get("close_time"))
    unit = "" if place is None else _unit(sample, place)
    return f"{form.name} ({', '.join(filter(None, (sample.container, unit)))})"


def _unit(sample: Sample, place: int) -> str:
    """How the times are written."""
    column = sample.columns[place]
    if sample.is_text(place) or len(column) == 0 or "int" not in str(column.type) + "int":
        return ""
    numbers = sample.floats(place)
    if len(to_moments(column).us) == 0 or not (numbers > 0).any():
        return ""
    size = float(numbers[numbers > 0][0])
    units = ((1e11, "seconds"), (1e14, "milliseconds"), (1e17, "microseconds"))
    return next((unit for limit, unit in units if size < limit), "nanoseconds")


def _unknown_rows(sample: Sample) -> str:
    first = [str(column[0]) for column in sample.columns if len(column)]
    if sample.columns and not sample.is_time(0):
        return (
            "there is no header, and the first column holds no times since 1980; the first row is"
            f" {_short(first)}; add a header line, and dates or seconds since 1970"
        )
    return (
        f"there is no header, and the {sample.width} columns are in no known order with open and"
        f" close within low..high; the first row is {_short(first)}; add a header line"
    )


def _short(fields: Sequence[str]) -> str:
    text = ",".join(fields)
    return text if len(text) <= 80 else f"{text[:79]}…"
