//! The container image as `image/pack` makes it, and whether it is what the Dockerfile asks for (docs/image.md).
//!
//! The program in it is a stand-in: `image/compile` takes its time. Others judge the archive where they are installed:
//! skopeo reads it, and buildah carries out the last stage of the Dockerfile on the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Long ago, but not at the epoch.
const MADE_AT: &str = "1000000000";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The output of a command that succeeds.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether all of these are there: `tool` on the path, or a file. If not, says so.
fn have(needed: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| {
        Path::new(name).is_file() || std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    let missing: Vec<_> = needed.iter().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        eprintln!("SKIPPED: the image needs what is not here: {missing:?}");
    }
    missing.is_empty()
}

/// What `image/root` takes from the machine.
const NEEDED: [&str; 4] = ["bash", "ldd", "/etc/ssl/certs/ca-certificates.crt", "/usr/share/zoneinfo/Europe/Berlin"];

/// The files of an image whose program is a stand-in.
fn files(folder: &Path) -> PathBuf {
    let (sbom, files) = (folder.join("sbom.json"), folder.join("image"));
    std::fs::write(&sbom, r#"{"bomFormat": "CycloneDX"}"#).unwrap();
    run(Command::new(root().join("image/root")).arg("/bin/true").args([&sbom, &files]));
    files
}

fn pack(files: &Path, archive: &Path) {
    let mut command = Command::new(root().join("image/pack"));
    run(command.arg("amd64").args([files, archive]).env("SOURCE_DATE_EPOCH", MADE_AT));
}

/// An archive, opened; each blob has the digest that it is known by.
struct Archive {
    config: Value,
    /// Mode, owner and path of each entry of the only layer, without time zones.
    entries: Vec<String>,
}

impl Archive {
    fn open(archive: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(folder.path()));
        let read = |path: &Path| std::fs::read(path).unwrap();
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
            let path = folder.path().join("blobs/sha256").join(digest);
            let bytes = read(&path);
            let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((found.as_str(), bytes.len() as u64), (digest, descriptor["size"].as_u64().unwrap()));
            (path, bytes)
        };
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let index = json(&read(&folder.path().join("index.json")));
        let manifest = json(&blob(&index["manifests"][0]).1);
        let layer = blob(&manifest["layers"][0]).0;
        let listing = run(Command::new("tar").arg("--numeric-owner").arg("-tvzf").arg(layer));
        let entry = |line: &str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let path = fields[5].trim_start_matches("./");
            (!path.contains("zoneinfo") && !path.is_empty()).then(|| format!("{} {} {path}", fields[0], fields[1]))
        };
        let mut entries: Vec<String> = listing.lines().filter_map(entry).collect();
        entries.sort_by(|a, b| a.rsplit(' ').next().cmp(&b.rsplit(' ').next()));
        Self { config: json(&blob(&manifest["config"]).1), entries }
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let labels = &self.config["config"]["Labels"];
        let mut labels: BTreeMap<String, String> = serde_json::from_value(labels.clone()).unwrap();
        // Of which commit it is made; and what buildah adds by itself.
        labels.remove("org.opencontainers.image.revision").unwrap();
        labels.remove("io.buildah.version");
        labels
    }
}

#[test]
fn the_image_is_one_program_run_by_nobody_in_particular() {
    if !have(&NEEDED) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    pack(&files(folder.path()), &archive);
    let image = Archive::open(&archive);
    let config = &image.config["config"];
    assert_eq!(image.config["created"], "2001-09-09T01:46:40Z");
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], json!(["/usr/local/bin/tunebot"]));
    assert_eq!(config["Cmd"], json!(["serve"]));
    assert_eq!(image.labels()["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(image.labels()["org.opencontainers.image.licenses"], env!("CARGO_PKG_LICENSE"));
    let libraries = |entry: &&String| entry.contains(" lib");
    let entries: Vec<_> = image.entries.iter().filter(|entry| !libraries(entry)).cloned().collect();
    insta::assert_snapshot!(entries.join("\n"), @r"
    drwxr-xr-x 0/0 etc/
    -rw-r--r-- 0/0 etc/group
    -rw-r--r-- 0/0 etc/nsswitch.conf
    -rw-r--r-- 0/0 etc/passwd
    drwxr-xr-x 0/0 etc/ssl/
    drwxr-xr-x 0/0 etc/ssl/certs/
    -rw-r--r-- 0/0 etc/ssl/certs/ca-certificates.crt
    drwxrwxrwt 0/0 tmp/
    drwxr-xr-x 0/0 usr/
    drwxr-xr-x 0/0 usr/local/
    drwxr-xr-x 0/0 usr/local/bin/
    -rwxr-xr-x 0/0 usr/local/bin/tunebot
    drwxr-xr-x 0/0 usr/local/share/
    drwxr-xr-x 0/0 usr/local/share/sbom/
    -rw-r--r-- 0/0 usr/local/share/sbom/tunebot.cdx.json
    drwxr-xr-x 0/0 usr/share/
    drwxr-xr-x 0/0 usr/share/doc/
    drwxr-xr-x 0/0 usr/share/doc/tunebot/
    -rw-r--r-- 0/0 usr/share/doc/tunebot/LICENSE
    drwxr-xr-x 0/0 var/
    drwxr-xr-x 0/0 var/lib/
    drwxr-x--- 65532/65532 var/lib/tunebot/
    ");
}

#[test]
fn the_same_files_give_the_same_image_to_the_byte() {
    if !have(&NEEDED) {
        return;
    }
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archives = [&one, &other].map(|folder| {
        let archive = folder.path().join("image.tar");
        pack(&files(folder.path()), &archive);
        std::fs::read(archive).unwrap()
    });
    assert!(archives[0] == archives[1], "the archives differ");
}

#[test]
fn skopeo_reads_the_image() {
    if !have(&NEEDED) || !have(&["skopeo"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    pack(&files(folder.path()), &archive);
    let said = run(Command::new("skopeo").arg("inspect").arg(format!("oci-archive:{}", archive.display())));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["Os"], &said["Architecture"]), (&json!("linux"), &json!("amd64")));
    // It unpacks every blob and computes its digest anew.
    let copy = folder.path().join("copy");
    let from = format!("oci-archive:{}", archive.display());
    run(Command::new("skopeo").args(["--insecure-policy", "copy", &from, &format!("dir:{}", copy.display())]));
}

#[test]
fn buildah_makes_the_same_of_the_dockerfile() {
    if !have(&NEEDED) || !have(&["buildah"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours.tar"), folder.path().join("theirs.tar"));
    let files = files(folder.path());
    pack(&files, &ours);
    let buildah = || {
        let mut command = Command::new("buildah");
        command.args(["--storage-driver", "vfs", "--root"]).arg(folder.path().join("store"));
        command.arg("--runroot").arg(folder.path().join("run"));
        command
    };
    // The stage that compiles is replaced by the files that it would give.
    let stage = format!("build={}", folder.path().display());
    let arguments = ["build", "--isolation", "chroot", "--format", "oci", "--build-context", &stage];
    run(buildah().args(arguments).args(["--tag", "localhost/tunebot:test", "."]).current_dir(root()));
    run(buildah().args(["push", "localhost/tunebot:test"]).arg(format!("oci-archive:{}", theirs.display())));
    let (ours, theirs) = (Archive::open(&ours), Archive::open(&theirs));
    for field in ["User", "Entrypoint", "Cmd", "Env", "WorkingDir", "ExposedPorts"] {
        assert_eq!(ours.config["config"][field], theirs.config["config"][field], "{field}");
    }
    assert_eq!(ours.labels(), theirs.labels());
    assert_eq!(ours.entries, theirs.entries);
}
