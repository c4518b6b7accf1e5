//! The contrast of the page in both palettes: of texts with their background, as WCAG AA requires, and of the parts of a
//! bar with the page.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[test]
fn contrast() {
    let style = include_str!("../src/page/style.css");
    let schemes: Vec<&str> = style
        .split(":root {")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    assert_eq!(schemes.len(), 2, "light and dark");
    for scheme in schemes {
        let colour = |name: &str| {
            let from = scheme.find(&format!("--{name}: #")).unwrap() + name.len() + 5;
            u32::from_str_radix(&scheme[from..from + 6], 16).unwrap()
        };
        let against = |one: &str, other: &str| {
            let (a, b) = (luminance(colour(one)), luminance(colour(other)));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for text in ["ink", "soft", "link", "failure", "success"] {
            assert!(against(text, "paper") >= 4.5, "{text}");
        }
        assert!(against("ink", "note") >= 4.5);
        for part in ["success", "failure", "timed", "assigned", "parked"] {
            assert!(against(part, "paper") >= 3.0, "{part} on the page");
            assert!(against(part, "waiting") >= 2.0, "{part} beside what waits");
        }
    }
}

/// The relative luminance of WCAG 2.2.
fn luminance(colour: u32) -> f64 {
    let channel = |shift: u32| {
        let value = f64::from((colour >> shift) & 255) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
}
