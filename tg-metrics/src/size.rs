//! Memory sizes with units: `1GiB`, `512MiB`.

/// Units of memory, largest first.
const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// A size in the largest unit that divides it.
pub fn show(bytes: u64) -> String {
    let unit = SIZES
        .iter()
        .find(|unit| bytes > 0 && bytes.is_multiple_of(unit.1));
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, each)| format!("{}{unit}", bytes / each),
    )
}

/// The number of bytes in a size with or without a unit; for the `value_parser` of clap.
pub fn parse(text: &str) -> Result<u64, String> {
    let unit = SIZES
        .iter()
        .find_map(|(unit, each)| Some((text.strip_suffix(unit)?, *each)));
    let (number, each) = unit.unwrap_or((text, 1));
    let bytes = number.trim().parse::<u64>().ok();
    bytes
        .and_then(|number| number.checked_mul(each))
        .ok_or_else(|| format!("`{text}` is not a size: write 512MiB, 2GiB or a number of bytes"))
}

#[cfg(test)]
mod tests {
    use super::{parse, show};

    #[test]
    fn sizes_are_read_as_they_are_shown() {
        for text in ["1GiB", "512MiB", "3KiB"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
        assert_eq!(parse("2 MiB").unwrap(), 2 << 20);
        assert_eq!(show(parse("1000").unwrap()), "1000 bytes");
        for wrong in ["", "GiB", "-1", "1.5GiB", "5X", "99999999999GiB"] {
            assert!(
                parse(wrong).unwrap_err().contains("write 512MiB"),
                "{wrong}"
            );
        }
    }
}
