#!/usr/bin/env node
/**
 * Builds a Kubernetes without containers into the cache, from Go modules: etcd, API server, controllers and scheduler in one
 * program, and kwok, which plays nodes and pods. Once; takes ten minutes on two quiet cores, and Go 1.26.
 *
 *   node tools/local/kubernetes-build.mjs
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { cached } from './cache.mjs';
import { findKubernetes, KUBERNETES_DIRECTORY, KUBERNETES_VERSION } from './kubernetes.mjs';

const ETCD = 'go.etcd.io/etcd/server/v3@v3.7.3';
const KUBERNETES = `k8s.io/kubernetes@${KUBERNETES_VERSION}`;
const KWOK = 'sigs.k8s.io/kwok@v0.8.0';
/** What kwok does with nodes and pods. */
const STAGES = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
];

const ETCD_MAIN = `package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
`;

const KUBERNETES_MAIN = `package main

import (
	"fmt"
	"os"
	_ "time/tzdata"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	part := ""
	if len(os.Args) > 1 {
		part = os.Args[1]
		os.Args = append([]string{"kube-" + part}, os.Args[2:]...)
	}
	switch part {
	case "apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "controllers":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	case "scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	}
	fmt.Fprintln(os.Stderr, "usage: kubernetes apiserver|controllers|scheduler [flags]")
	os.Exit(2)
}
`;

const KWOK_IMPORT = '//go:build tools\n\npackage tools\n\nimport _ "sigs.k8s.io/kwok/cmd/kwok"\n';

/**
 * @param {string} module path@version
 * @returns {string} the directory it was downloaded to
 */
function download(module) {
  const json = execFileSync('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), encoding: 'utf8' });
  return JSON.parse(json).Dir;
}

/**
 * Builds one program in a module of its own.
 *
 * @param {object} build
 * @param {string} build.output
 * @param {string} build.module path@version of what it is made of
 * @param {string} build.source of main.go or what stands in its place
 * @param {string} [build.target] default: the module of its own
 * @param {string} [build.replace] more lines of go.mod
 * @param {string} [build.linked] flags for the linker
 */
function buildProgram({ output, module, source, target = '.', replace = '', linked = '' }) {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-go-'));
  const run = (/** @type {string[]} */ ...args) => {
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' };
    const { status } = spawnSync('go', args, { cwd: directory, env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`go ${args.join(' ')} failed`);
  };
  try {
    writeFileSync(
      join(directory, 'go.mod'),
      `module tillstream/${basename(output)}\n\ngo 1.26.0\n\nrequire ${module.replace('@', ' ')}\n\n${replace}`,
    );
    writeFileSync(join(directory, 'main.go'), source);
    run('mod', 'tidy', '-e');
    run('build', '-trimpath', '-ldflags', `-s -w ${linked}`, '-o', output, target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Kubernetes' own modules stand in one repository and are required there as `v0.0.0`: each is replaced by the one of its version. */
function stagedModules() {
  const goMod = readFileSync(join(download(KUBERNETES), 'go.mod'), 'utf8');
  const version = KUBERNETES_VERSION.replace('v1.', 'v0.');
  return [...goMod.matchAll(/^\t(\S+) => \.\/staging/gm)]
    .map(([, path]) => `replace ${path} => ${path} ${version}\n`)
    .join('');
}

/** @param {string} directory */
async function fill(directory) {
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  say('etcd');
  buildProgram({ output: join(directory, 'etcd'), module: ETCD, source: ETCD_MAIN });
  say('Kubernetes: this takes longest');
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(KUBERNETES_VERSION) ?? [];
  const version = { gitVersion: KUBERNETES_VERSION, gitMajor: major, gitMinor: minor };
  const linked = Object.entries(version).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  buildProgram({
    output: join(directory, 'kubernetes'),
    module: KUBERNETES,
    source: KUBERNETES_MAIN,
    replace: `godebug default=go1.26\n${stagedModules()}`,
    linked: linked.join(' '),
  });
  say('kwok');
  const kwok = { output: join(directory, 'kwok'), module: KWOK, source: KWOK_IMPORT };
  buildProgram({ ...kwok, target: 'sigs.k8s.io/kwok/cmd/kwok' });
  mkdirSync(join(directory, 'stages'));
  const stages = join(download(KWOK), 'kustomize/stage');
  for (const stage of STAGES) copyFileSync(join(stages, stage), join(directory, 'stages', basename(stage)));
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const there = findKubernetes();
  const directory = there ?? (await cached(KUBERNETES_DIRECTORY, fill));
  process.stdout.write(`${there === null ? 'built' : 'is there'}: ${directory}\n`);
}
