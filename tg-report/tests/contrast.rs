//! The page can be read in both its palettes: every text against its background, as WCAG AA requires.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[test]
fn contrast() {
    let style = include_str!("../src/output/html/style.css");
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
        for text in ["ink", "soft", "link"] {
            assert!(ratio(colour(text), colour("paper")) >= 4.5, "{text}");
        }
        assert!(ratio(colour("ink"), colour("note")) >= 4.5);
        for look in 0..8 {
            // names are written on bars of these colours, in the colour of the page
            assert!(
                ratio(colour(&format!("c{look}")), colour("paper")) >= 4.5,
                "c{look}"
            );
        }
    }
}

/// The contrast ratio of WCAG 2.2: (lighter + 0.05) / (darker + 0.05), in relative luminance.
fn ratio(a: u32, b: u32) -> f64 {
    let luminance = |colour: u32| {
        let channel = |shift: u32| {
            let value = f64::from((colour >> shift) & 255) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}
