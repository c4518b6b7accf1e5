//! Round numbers on axes, and their labels.
//!
//! Steps are 1, 2 or 5 times a power of ten, about five on an axis. Labels have the decimals of their step, and an
//! exponent from a million on or below a ten-thousandth.

/// The multiples of a round step that enclose `low..=high`, and the step; both ends are finite and differ.
pub fn linear(low: f64, high: f64) -> (Vec<f64>, f64) {
    // Halves, because the distance of the two largest doubles overflows.
    let step = round_up((high / 2.0 - low / 2.0) / 2.5);
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    let is_countable = step.is_finite() && step > 0.0 && last - first < 20.0;
    if !is_countable {
        return (vec![low, high], (high - low).abs());
    }
    let count = (last - first) as i32;
    let tick = |at: i32| (first + f64::from(at)) * step;
    let ticks: Vec<f64> = (0..=count)
        .map(tick)
        .filter(|tick| tick.is_finite())
        .collect();
    (ticks, step)
}

/// The least of 1, 2 and 5 times a power of ten that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powi(value.log10().floor() as i32);
    let rounds = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let fits = |round: &f64| *round >= value * (1.0 - 1e-9);
    rounds.into_iter().find(fits).unwrap_or(10.0 * power)
}

/// Round positive numbers in `low..=high`, among them 1, for a logarithmic axis that covers 1.
pub fn logarithmic(low: f64, high: f64) -> Vec<f64> {
    let inside = |tick: &f64| *tick >= low * 0.999 && *tick <= high * 1.001;
    if high / low < 4.0 {
        return linear(low, high).0.into_iter().filter(inside).collect();
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = high.log10() - low.log10();
    let factors: &[f64] = match decades {
        d if d < 1.5 => &[1.0, 2.0, 5.0],
        d if d < 2.5 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let stride = ((decades / 5.0).ceil() as i32).max(1);
    let powers = (first..=last).filter(|power| power % stride == 0);
    let ticks =
        powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    ticks.filter(inside).collect()
}

/// The label of a tick, given the distance of ticks and the largest absolute value of all.
pub fn label(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = |value: f64| value.abs().log10().floor() as i32;
    let (large, fine) = (magnitude(largest), magnitude(step * 1.000_001));
    if !(-4..6).contains(&large) {
        let digits = (magnitude(value) - fine).clamp(0, 6) as usize;
        return format!("{value:.digits$e}");
    }
    grouped(&format!("{value:.*}", (-fine).clamp(0, 9) as usize))
}

/// Inserts a narrow space before each three digits of the whole part of a number with five such digits or more.
fn grouped(text: &str) -> String {
    let (sign, rest) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("\u{2212}", rest));
    let (whole, fraction) = rest
        .split_once('.')
        .map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && whole.len() > 4 && (whole.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.extend([".", fraction]);
    }
    out
}
