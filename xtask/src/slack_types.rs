//! `cargo xtask slack-types`: compiles a message to Slack against Slack's own types.

use std::{fs, io, path::Path, process::Command};

use crate::{
    failure::Failure,
    requirement::Need,
    run::{root, run},
    services,
};

/// Compiles the golden message of monitor-alert as a value of the types in `@slack/types`, in strict mode.
pub(crate) fn slack_types(options: &[&str]) -> Result<(), Failure> {
    if let [unknown, ..] = options {
        return Err(Failure::usage(format!("`{unknown}` is not an option of `slack-types`")));
    }
    services::provide(&[Need::Node])?;
    let folder = root().join("target").join("slack-types");
    write(&folder).map_err(|error| Failure::step(format!("cannot write to {}: {error}", folder.display())))?;
    run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))?;
    run(Command::new("npx").args(["tsc", "--noEmit", "--strict", "--skipLibCheck", "message.ts"]).current_dir(&folder))
}

fn write(folder: &Path) -> io::Result<()> {
    let golden = root().join("crates/monitor-alert/src/notifiers/slack/golden.json");
    fs::create_dir_all(folder)?;
    fs::write(folder.join("package.json"), PACKAGES)?;
    fs::write(folder.join("message.ts"), program(&fs::read_to_string(golden)?))
}

/// Returns a program that has the message as a literal: the type of an imported file would be too wide.
fn program(message: &str) -> String {
    format!(
        "import type {{ KnownBlock }} from \"@slack/types\";\n\nexport const message: {{ text: string; blocks: \
         KnownBlock[] }} = {message};\n"
    )
}

const PACKAGES: &str = r#"{ "private": true, "dependencies": { "@slack/types": "3.2.0", "typescript": "7.0.2" } }
"#;
