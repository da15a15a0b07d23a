//! Where the marks of a chart stand, and how they read.

use egui_plot::{GridInput, GridMark};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
/// Distances between times that people count in.
const TIME_STEPS: [f64; 18] = [
    1.0,
    5.0,
    15.0,
    30.0,
    MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
    30.0 * DAY,
    90.0 * DAY,
    365.0 * DAY,
];

/// The smallest distance of which no more fit than there is room for.
pub fn time_step(range: f64, width: f32) -> f64 {
    let least = range * 84.0 / f64::from(width);
    TIME_STEPS.into_iter().find(|step| *step >= least).unwrap_or(least)
}

/// The smallest distance between values of which no more fit than there is room for; a count has no fractions.
pub fn value_step(duration: bool, range: f64, height: f32) -> f64 {
    let least = range * 30.0 / f64::from(height);
    if duration && least > 0.5 {
        return TIME_STEPS.into_iter().find(|step| *step >= least).unwrap_or(least);
    }
    let power = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(least);
    step.max(if duration { 0.1 } else { 1.0 })
}

/// Marks at the multiples of a step, moved by an offset.
pub fn marks(bounds: (f64, f64), step: f64, offset: f64) -> Vec<GridMark> {
    let first = ((bounds.0 + offset) / step).ceil();
    let last = ((bounds.1 + offset) / step).floor();
    let number = (last - first).clamp(-1.0, 500.0) as i32;
    (0..=number).map(|index| GridMark { value: (first + f64::from(index)) * step - offset, step_size: step }).collect()
}

/// Marks at whole hours and days of the zone shown.
pub fn time_marks(input: &GridInput, step: f64, zone: &TimeZone) -> Vec<GridMark> {
    let at = Timestamp::from_second(input.bounds.0 as i64).unwrap_or(Timestamp::UNIX_EPOCH);
    marks(input.bounds, step, f64::from(zone.to_offset(at).seconds()))
}

/// The time at a mark, no more exact than its neighbours are far.
pub fn time_text(mark: GridMark, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_second(mark.value.round() as i64) else { return String::new() };
    let at = at.to_zoned(zone.clone());
    let pattern = match mark.step_size {
        step if step < MINUTE => "%H:%M:%S",
        step if step < DAY && (at.hour(), at.minute()) != (0, 0) => "%H:%M",
        step if step < 90.0 * DAY => "%b %-d",
        _ => "%Y-%m",
    };
    at.strftime(pattern).to_string()
}

/// A duration, such as `30 s`, `2 min 05 s`, `2 h`.
pub fn seconds_text(value: f64) -> String {
    let whole = value.round().max(0.0) as u64;
    match whole {
        0..60 if value > 0.0 && value.fract() > 0.04 => format!("{value:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ if whole.is_multiple_of(3600) => format!("{} h", whole / 3600),
        _ => format!("{} h {:02} min", whole / 3600, (whole % 3600) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_at_round_values() {
        let values = |bounds, step, offset| marks(bounds, step, offset).iter().map(|mark| mark.value).collect::<Vec<_>>();
        assert_eq!(values((-1.0, 11.0), 5.0, 0.0), [0.0, 5.0, 10.0]);
        assert_eq!(values((0.0, 7200.0), HOUR, 1800.0), [1800.0, 5400.0], "of a zone half an hour off");
        assert_eq!(values((3.0, 2.0), 5.0, 0.0), [0.0; 0]);
        assert_eq!(value_step(false, 1.2, 100.0), 1.0, "there is no half error");
        assert_eq!(value_step(false, 5000.0, 100.0), 2000.0);
        assert_eq!(value_step(true, 400.0, 100.0), 5.0 * MINUTE);
        assert_eq!(time_step(7.0 * DAY, 600.0), DAY);
    }

    #[test]
    fn values_read_as_people_say_them() {
        for (value, expected) in [
            (0.0, "0 s"),
            (0.4, "0.4 s"),
            (30.0, "30 s"),
            (120.0, "2 min"),
            (125.0, "2 min 05 s"),
            (7200.0, "2 h"),
            (9000.0, "2 h 30 min"),
        ] {
            assert_eq!(seconds_text(value), expected);
        }
    }
}
