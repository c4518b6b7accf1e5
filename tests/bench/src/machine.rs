//! A description of the machine.

use std::fs::read_to_string;

/// Processor, cores, memory and system, as a sentence.
pub fn describe() -> String {
    let find = |path: &str, key: &str| {
        let text = read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':'))
            .map_or("unknown", |(_, value)| value.trim())
            .to_string()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kib: u64 = find("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or(0);
    let release = read_to_string("/etc/os-release").unwrap_or_default();
    let system = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .unwrap_or("unknown")
        .trim_matches('"');
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model =
        ["model name", "vendor_id", "cpu family", "model\t"].map(|key| find("/proc/cpuinfo", key));
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} (family {}, model {}), {cores} cores, {:.0} GB of memory, {system}, Linux {}. Load when it began: {}.",
        model[0],
        model[2],
        model[3],
        kib as f64 / 1e6,
        kernel.trim(),
        load.split(' ').next().unwrap_or("unknown"),
    )
}
