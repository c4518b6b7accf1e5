//! The MCP client configuration that describes the host's server: the same file that every other agent program reads.

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tg_stage::{Error, Result, file};

/// The command that starts the first server of the configuration at `path`.
pub fn server_command(path: &Path) -> Result<Command> {
    let wrong = |cause: &dyn std::fmt::Display| {
        Error::usage(path.display(), format!("no MCP configuration: {cause}"))
    };
    let config: Value = serde_json::from_str(&file::read(path)?).map_err(|cause| wrong(&cause))?;
    let servers = config["mcpServers"].as_object();
    let servers = servers.ok_or_else(|| wrong(&"it has no `mcpServers`"))?;
    let server = servers.values().next();
    let server = server.ok_or_else(|| wrong(&"`mcpServers` is empty"))?;
    let program = server["command"].as_str();
    let program = program.ok_or_else(|| wrong(&"the server has no `command`"))?;
    let mut command = Command::new(program);
    let args = server["args"].as_array().into_iter().flatten();
    command.args(args.filter_map(Value::as_str));
    for (name, value) in server["env"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().unwrap_or_default());
    }
    Ok(command)
}
