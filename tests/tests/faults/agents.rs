//! Agents that misbehave: they ignore signals, hang, never connect, leave processes behind, flood their output, exit.
//!
//! Each is a shell script around the simulated agent. It misbehaves while the file `faulty` exists, which is until the
//! second pass.

use crate::fault::{Fault, Then};
use std::os::unix::fs::PermissionsExt;

/// An agent's script, and the allowed outcomes of its runs.
struct Agent {
    name: &'static str,
    script: &'static str,
    first: &'static [&'static str],
}

#[rustfmt::skip]
const AGENTS: [Agent; 14] = [
    Agent { name: "that ignore SIGTERM", first: &["completed"], script: "
        trap '' TERM INT HUP
        tg-agent \"$@\"
        while :; do sleep 1; done" },
    Agent { name: "that ignore SIGTERM and never work", first: &["timeout", "stalled", "never_connected"], script: "
        trap '' TERM INT HUP
        while :; do sleep 1; done" },
    Agent { name: "that leave a daemon", first: &["completed"], script: "
        (cd / && setsid sh -c 'env -i setsid tail -f LAB/m.yaml & exit' &)
        exec tg-agent \"$@\"" },
    Agent { name: "that fork two hundred times", first: &["completed"], script: "
        for n in $(seq 200); do setsid sleep 300 & done
        exec tg-agent \"$@\"" },
    Agent { name: "that go on forking when they are ended", first: &["completed"], script: "
        trap '' TERM INT HUP
        spawn() { while :; do setsid sleep 300 & sleep 0.02; done; }
        spawn &
        tg-agent \"$@\"" },
    Agent { name: "that exit 0 with tasks open", first: &["agents_gone"], script: "
        tg-agent \"$@\" &
        until ls $TG_RUN_DIR/work/*.md; do sleep 0.02; done
        kill -KILL $!
        exit 0" },
    Agent { name: "that exit 0 at once", first: &["never_connected"], script: "
        exit 0" },
    Agent { name: "that never connect", first: &["timeout", "stalled", "never_connected"], script: "
        exec sleep 300" },
    Agent { name: "that hang", first: &["timeout", "stalled", "agents_gone"], script: "
        tg-agent \"$@\" &
        until ls $TG_RUN_DIR/work/*.md; do sleep 0.02; done
        kill -STOP $! $$" },
    Agent { name: "that spam stdout and stderr", first: &["completed"], script: "
        yes spam | head -c 40000000
        yes spam | head -c 40000000 >&2
        yes | head -c 20000000 | tr -d '\\n'
        exec tg-agent \"$@\"" },
    Agent { name: "that write what is no text", first: &["completed"], script: "
        head -c 3000000 /dev/urandom
        head -c 3000000 /dev/urandom >&2
        exec tg-agent \"$@\"" },
    Agent { name: "that die by SIGSEGV", first: &["agents_gone"], script: "
        tg-agent \"$@\" &
        until ls $TG_RUN_DIR/work/*.md; do sleep 0.02; done
        kill -SEGV $$" },
    Agent { name: "that die by SIGSEGV at once", first: &["never_connected"], script: "
        kill -SEGV $$" },
    Agent { name: "that close everything and stay", first: &["completed"], script: "
        tg-agent \"$@\"
        exec <&- >&- 2>&- sleep 300" },
];

/// The command of the script in the manifest.
const MORE: &str = "\
command: [LAB/agent, --mcp-config, '{mcp_config}', --run, '{run}', --worker, '{worker}', --role, '{role}', --tags, '{tags}']
limits: {timeout: 8s, stall: 3s}
";

pub fn faults() -> Vec<Fault> {
    let fault = |agent: &'static Agent| Fault {
        name: format!("agents {}", agent.name),
        more: MORE.into(),
        before: Box::new(|scene| {
            let here = scene.lab.path("").display().to_string();
            let script = format!(
                "#!/bin/bash\n[ -e LAB/faulty ] || exec tg-agent \"$@\"\n{}\n",
                agent.script
            );
            let script = script.replace("LAB", here.trim_end_matches('/'));
            let path = scene.lab.write("agent", &script);
            scene.lab.write("faulty", "");
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755))
                .map_err(|cause| cause.to_string())
        }),
        heal: Box::new(|scene| scene.shell("rm faulty")),
        then: Then {
            first: agent.first,
            ..Then::default()
        },
        ..Fault::default()
    };
    AGENTS.iter().map(fault).collect()
}
