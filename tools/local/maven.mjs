import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isOnPath, run } from './command.mjs';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/**
 * Copies artifacts and everything they depend on into `directory`, from Maven's local repository if it has them, else
 * from the network.
 *
 * @param {{ coordinates: string[], directory: string, transitive: boolean }} request coordinates as `group:artifact:version`, or with a classifier behind
 * @throws {Error} when there is no Maven, or neither way works; the message has Maven's own words
 */
export async function copyFromMaven({ coordinates, directory, transitive }) {
  if (!isOnPath('mvn')) throw new Error('there is no `mvn` on the PATH');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'pom.xml'), projectFile(coordinates, transitive));
  const args = ['-q', '-B', PLUGIN, `-DoutputDirectory=jars`, `-DexcludeTransitive=${!transitive}`];
  const offline = await run('mvn', ['-o', ...args], { cwd: directory });
  if (offline.code === 0) return;
  const online = await run('mvn', args, { cwd: directory });
  if (online.code !== 0) throw new Error(`Maven could not fetch ${coordinates.join(', ')}:\n${online.output.trim()}`);
}

/**
 * What is not wanted is not even looked for: not all that the artifacts name has to be there.
 *
 * @param {string[]} coordinates
 * @param {boolean} transitive
 */
function projectFile(coordinates, transitive) {
  const all = '<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>';
  const exclusions = transitive ? '' : `<exclusions>${all}</exclusions>`;
  const dependencies = coordinates.map((coordinate) => {
    const [group, artifact, version, classifier] = coordinate.split(':');
    const which = classifier === undefined ? '' : `<classifier>${classifier}</classifier>`;
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${which}${exclusions}</dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>local</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('\n    ')}</dependencies>
</project>
`;
}
