export const trackerTaskName = (stream: string, partition: number): string => `tracker:${stream}:${partition}`;
