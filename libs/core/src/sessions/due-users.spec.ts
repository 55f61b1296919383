import { DueUsers } from './due-users';

describe('users who are due', () => {
  it('are looked at when they are, also behind a list of which everybody was brought forward', () => {
    const due = new DueUsers(10);
    const lookedAt = (watermarkMs: number): number[] => {
      const users: number[] = [];
      while (due.hasDue(watermarkMs)) users.push(due.takeDue());
      return users;
    };
    due.advance(1, 55);
    due.advance(1, 25);
    due.advance(2, 200);
    expect(lookedAt(19)).toEqual([]);
    expect(lookedAt(20)).toEqual([1]);
    expect(lookedAt(50)).toEqual([]);
    due.advance(3, 57);
    expect(lookedAt(56)).toEqual([]);
    expect(lookedAt(57)).toEqual([3]);
    expect(lookedAt(200)).toEqual([2]);
  });
});
