//! Axes: round ticks, ends that enclose the values, and the positions of values.

#![allow(clippy::unwrap_used, reason = "in tests")]

use tg_report::chart::drawn;
use tg_report::chart::scale::Scale;

fn labels(scale: &Scale) -> Vec<&str> {
    scale.ticks.iter().map(|tick| tick.1.as_str()).collect()
}

#[test]
fn ticks_are_round() {
    for (values, expected) in [
        (vec![1.0, 9.3], vec!["0", "2", "4", "6", "8", "10"]),
        (vec![6.1, 7.4], vec!["6.0", "6.5", "7.0", "7.5"]),
        (vec![0.0, 0.0], vec!["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (
            vec![-3.0, 4.0],
            vec!["\u{2212}4", "\u{2212}2", "0", "2", "4"],
        ),
        (vec![0.0, 3e6], vec!["0", "1e6", "2e6", "3e6"]),
        (vec![1e-9, 4e-9], vec!["0", "1e-9", "2e-9", "3e-9", "4e-9"]),
        (
            vec![0.0, 50_000.0],
            vec![
                "0",
                "10\u{202f}000",
                "20\u{202f}000",
                "30\u{202f}000",
                "40\u{202f}000",
                "50\u{202f}000",
            ],
        ),
    ] {
        let scale = Scale::linear(&values, &[]).unwrap();
        assert_eq!(labels(&scale), expected, "{values:?}");
    }
}

#[test]
fn an_axis_covers_its_values_and_knows_if_it_has_zero() {
    for values in [
        [3.0, 4.0],
        [1e15, 1e15 + 1.0],
        [-1.7e308, 1.7e308],
        [5e-324, 1.0],
        [7.0, 7.0],
    ] {
        let scale = Scale::linear(&values, &[]).unwrap();
        let places = values.map(|value| scale.at(value));
        assert!(
            places.iter().all(|at| (0.0..=100.0).contains(at)),
            "{values:?} {places:?}"
        );
        assert!(places[0] <= places[1]);
    }
    assert!(Scale::linear(&[3.0, 9.0], &[]).unwrap().has_zero());
    assert!(!Scale::linear(&[8.0, 9.0], &[]).unwrap().has_zero());
    assert!(Scale::linear(&[], &[]).is_none());
}

#[test]
fn a_wide_interval_leaves_room_for_the_values() {
    let scale = Scale::linear(&[10.0, 11.0], &[(-80.0, 101.0)]).unwrap();
    assert!(!scale.covers(-80.0) && !scale.covers(101.0));
    assert!(scale.at(11.0) - scale.at(10.0) > 20.0);
    assert!((scale.at(-80.0), scale.at(101.0)) == (0.0, 100.0));
}

#[test]
fn axes_of_ratios_have_a_one() {
    for values in [vec![0.9, 1.1], vec![3.0], vec![1e-6, 1e6], vec![40.0]] {
        let scale = Scale::ratios(&values, &[]).unwrap();
        assert!(scale.covers(1.0), "{values:?}");
        assert!(
            labels(&scale).iter().any(|label| label.parse() == Ok(1.0)),
            "{:?}",
            labels(&scale)
        );
        assert!(scale.ticks.len() <= 8, "{:?}", labels(&scale));
    }
    let scale = Scale::ratios(&[0.5, 2.0], &[]).unwrap();
    let (half, one, two) = (scale.at(0.5), scale.at(1.0), scale.at(2.0));
    assert!(
        ((one - half) - (two - one)).abs() < 1e-9,
        "half and twice are equally far from 1"
    );
    assert!(Scale::ratios(&[0.0, -1.0], &[]).is_none());
}

#[test]
fn drawn_marks_are_spread_and_include_both_ends() {
    assert_eq!(drawn(3), [0, 1, 2]);
    let places = drawn(10_000);
    assert_eq!((places.len(), places[0], places[199]), (200, 0, 9999));
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
}
